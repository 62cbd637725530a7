// The project's own files as the tidy checks see them: listed, read, parsed once.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'
import { type ParseResult, parseSync } from 'vite'

/** One file: its path from the project's folder (with `/`), and its text. */
export interface Source {
  path: string
  text: string
}

const FOLDERS = ['.ci', 'bench', 'config', 'docs', 'native', 'scripts', 'src', 'test']
const NOT_SOURCE = ['bench/results', 'test/fixtures', 'config/models']
const KINDS =
  /\.(ts|tsx|mjs|js|sh|sql|cpp|hpp|h|css|html|ya?ml|gyp|md)$|^scripts\/hotplate$|^\.ci\/run$/

/** Every file that people wrote, in a stable order. */
export function projectSources(root: string): Source[] {
  const paths = [
    ...readdirSync(root).filter((name) => statSync(join(root, name)).isFile()),
    ...FOLDERS.flatMap((folder) => walk(root, folder)),
  ]
  return paths
    .filter((path) => KINDS.test(path))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

function walk(root: string, folder: string): string[] {
  if (NOT_SOURCE.includes(folder)) return []
  let entries: ReturnType<typeof readEntries>
  try {
    entries = readEntries(join(root, folder))
  } catch {
    return []
  }
  return entries.flatMap((entry) => {
    const path = posix.join(folder, entry.name)
    return entry.isDirectory() ? walk(root, path) : [path]
  })
}

function readEntries(folder: string) {
  return readdirSync(folder, { withFileTypes: true })
}

export function isTypeScript({ path }: Source): boolean {
  return /\.tsx?$/.test(path)
}

const parsed = new WeakMap<Source, ParseResult>()

/** The syntax tree and the module's imports and exports. */
export function parse(source: Source): ParseResult {
  let result = parsed.get(source)
  if (result === undefined) {
    result = parseSync(source.path, source.text)
    if (result.errors.length > 0) {
      throw new Error(`${source.path} can't be parsed: ${result.errors[0]?.message}`)
    }
    parsed.set(source, result)
  }
  return result
}

/** A node of the tree, as far as the checks look at it. */
export interface SyntaxNode {
  type: string
  start: number
  end: number
  [field: string]: unknown
}

/** Calls `visit` for each node with its parents, the nearest last. */
export function visitNodes(
  source: Source,
  visit: (node: SyntaxNode, parents: readonly SyntaxNode[]) => void,
): void {
  const parents: SyntaxNode[] = []
  const go = (value: unknown): void => {
    if (Array.isArray(value)) {
      for (const item of value) go(item)
    } else if (isNode(value)) {
      visit(value, parents)
      parents.push(value)
      for (const field of Object.values(value)) go(field)
      parents.pop()
    }
  }
  go(parse(source).program)
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value
}

/** The line, from 1, of a position in the text. */
export function lineAt(text: string, position: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < position; at = text.indexOf('\n', at + 1)) {
    line += 1
  }
  return line
}
