// Tidy checks on one file at a time: width, length, head comment, markers, tests that don't run,
// `any`. Each returns its findings as `path:line what`.
import { isNode, isTypeScript, lineAt, type Source, type SyntaxNode, visitNodes } from './source.ts'

const COLUMNS_MAX = 100
/** Markdown is prose, and read as it is shown. */
const MARKDOWN_COLUMNS_MAX = 140
const FUNCTION_LINES_MAX = 70
const FILE_LINES_MAX = 500

/**
 * Lines over 100 columns; in Markdown over 140, but for tables and links, which can't be broken.
 */
export function wideLines({ path, text }: Source): string[] {
  const markdown = path.endsWith('.md')
  return text.split('\n').flatMap((line, index) => {
    const columns = [...line].length
    if (columns <= (markdown ? MARKDOWN_COLUMNS_MAX : COLUMNS_MAX)) return []
    if (markdown && (/^\s*\|/.test(line) || /\]\(|:\/\//.test(line))) return []
    return [`${path}:${index + 1} has ${columns} columns`]
  })
}

/** Files over 500 lines: a file has one subject. */
export function longFiles({ path, text }: Source): string[] {
  const lines = text.trimEnd().split('\n').length
  return lines > FILE_LINES_MAX ? [`${path}:1 has ${lines} lines`] : []
}

/** Functions over 70 lines. A `describe` block is a chapter, not a function. */
export function longFunctions(source: Source): string[] {
  if (/\.(cpp|hpp|h)$/.test(source.path)) return longNativeFunctions(source)
  if (!isTypeScript(source)) return []
  const found: string[] = []
  visitNodes(source, (node, parents) => {
    if (!/^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type))
      return
    if (isDescribe(parents.at(-1))) return
    const first = lineAt(source.text, node.start)
    const lines = lineAt(source.text, node.end) - first + 1
    if (lines > FUNCTION_LINES_MAX) {
      found.push(`${source.path}:${first} a function of ${lines} lines`)
    }
  })
  return found
}

function isDescribe(node: SyntaxNode | undefined): boolean {
  if (node?.type !== 'CallExpression') return false
  return rootName(node.callee) === 'describe'
}

/** `describe` for `describe`, `describe.each(…)` and the like. */
function rootName(node: unknown): string {
  if (!isNode(node)) return ''
  if (node.type === 'Identifier') return String(node.name)
  if (node.type === 'MemberExpression') return rootName(node.object)
  if (node.type === 'CallExpression') return rootName(node.callee)
  return ''
}

/** C++ by its layout: from a line that ends a parameter list with `{` to the brace that closes. */
function longNativeFunctions({ path, text }: Source): string[] {
  const found: string[] = []
  const lines = text.split('\n')
  for (let first = 0; first < lines.length; first += 1) {
    const line = lines[first] as string
    if (!/\)\s*(const|noexcept|override|\s)*(->[^{]*)?\{\s*$/.test(line)) continue
    if (/^\s*(\}?\s*else\b|if|for|while|switch|do)\b/.test(line)) continue
    let depth = 0
    let last = first
    do {
      for (const character of lines[last] as string) {
        if (character === '{') depth += 1
        if (character === '}') depth -= 1
      }
      last += 1
    } while (depth > 0 && last < lines.length)
    if (last - first > FUNCTION_LINES_MAX) {
      found.push(`${path}:${first + 1} a function of ${last - first} lines`)
    }
  }
  return found
}

const HEADS: readonly [RegExp, RegExp][] = [
  [/\.(ts|tsx|mjs|js|cpp|hpp|h)$/, /^(\/\/|\/\*)/],
  [/\.(sh|ya?ml|gyp)$|(^|\/)(run|hotplate)$/, /^#/],
  [/\.sql$/, /^(--|\/\*)/],
  [/\.css$/, /^\/\*/],
  [/\.md$/, /^#/],
]

/** Files whose first line (after a `#!`) doesn't say what they are for. */
export function headlessFiles({ path, text }: Source): string[] {
  const head = HEADS.find(([file]) => file.test(path))?.[1]
  const first = text.replace(/^#!.*\n/, '').trimStart()
  return head === undefined || head.test(first) ? [] : [`${path}:1 has no head comment`]
}

// Written apart, so that this file doesn't find itself.
const WORDS = 'TO_DO|FIX_ME|X_XX|HA_CK'.replaceAll('_', '')
const MARKERS = new RegExp(`\\b(${WORDS})\\b`)

/** Marks of unfinished work: what is open belongs in an issue. */
export function unfinishedMarkers(source: Source): string[] {
  return matchingLines(source, MARKERS, 'has an unfinished marker')
}

const FOLDERS = ['work', 'root', 'home', 'Users', 'tmp'].join('|')
const MACHINE_PATH = new RegExp(`(^|[\\s'"\`(=:])/(${FOLDERS})/[\\w.]`)

/** Paths that exist on one machine only. */
export function machinePaths(source: Source): string[] {
  return matchingLines(source, MACHINE_PATH, "has one machine's path")
}

function matchingLines({ path, text }: Source, pattern: RegExp, what: string): string[] {
  return text
    .split('\n')
    .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1} ${what}`] : []))
}

/** `test.skip`, `describe.only` and their kin: a test that doesn't run proves nothing. */
export function testsThatDontRun(source: Source): string[] {
  if (!isTypeScript(source)) return []
  const found: string[] = []
  visitNodes(source, (node) => {
    if (node.type !== 'MemberExpression' || !isNode(node.property)) return
    const property = String(node.property.name)
    if (!/^(skip|only|todo|skipIf|runIf)$/.test(property)) return
    const object = rootName(node.object)
    if (!/^(test|it|describe|context|ctx|task)$/.test(object)) return
    found.push(`${source.path}:${lineAt(source.text, node.start)} ${object}.${property}`)
  })
  return found
}

/** `any` in a type: it switches the checks off for all that it touches. */
export function anyTypes(source: Source): string[] {
  if (!isTypeScript(source)) return []
  const found: string[] = []
  visitNodes(source, (node) => {
    if (node.type === 'TSAnyKeyword') {
      found.push(`${source.path}:${lineAt(source.text, node.start)} has the type any`)
    }
  })
  return found
}

/** Hosts in the lock file: it must install from whatever registry a machine uses. */
export function lockHosts({ path, text }: Source): string[] {
  return matchingLines({ path, text }, /"resolved"\s*:|https?:\/\/registry\./, 'names a host')
}
