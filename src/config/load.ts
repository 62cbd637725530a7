// Configuration: defaults, then a YAML file, then HOTPLATE_* of the environment. A secret may stand
// in a file of its own.
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { z } from 'zod'
import { HotplateError } from '../domain/error.ts'
import { type Config, configSchema } from './schema.ts'

/** What is never taken for YAML: a password may be `123`, a key begins with dashes. */
const AS_IT_IS = new Set(['user', 'password', 'token', 'private_key', 'archive_password'])

type Tree = { [name: string]: unknown }

/**
 * Loads and checks the configuration.
 * `HOTPLATE_GATEWAY__PORT=9000` sets `gateway.port` (`__` between levels), `HOTPLATE_DATA_DIR` the
 * folder; `HOTPLATE_NATS__PASSWORD_FILE=/run/secret` sets `nats.password` to that file's text.
 * @throws HotplateError CONFIG_INVALID that names each wrong setting, what was expected and what
 * came
 */
export function loadConfig(
  file: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
  overrides: Tree = {},
): Config {
  const tree = file === undefined ? {} : readTree(file)
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) continue
    if (name === 'HOTPLATE_DATA_DIR') tree.data_dir = value
    else if (name.startsWith('HOTPLATE_') && name.includes('__')) {
      setFromEnvironment(tree, name, value)
    }
  }
  merge(tree, overrides)
  const result = configSchema.safeParse(tree)
  if (!result.success) {
    const what = z.prettifyError(result.error).replaceAll('\n', ' ')
    throw new HotplateError('CONFIG_INVALID', `Configuration${file ? ` ${file}` : ''}: ${what}`)
  }
  return result.data
}

function readTree(file: string): Tree {
  const tree: unknown = parseYaml(readText(file, `Configuration ${file}`), file) ?? {}
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree)) {
    throw new HotplateError('CONFIG_INVALID', `Expected a map in ${file} but found ${typeof tree}`)
  }
  return tree as Tree
}

function setFromEnvironment(tree: Tree, name: string, value: string): void {
  const path = name.slice('HOTPLATE_'.length).toLowerCase().split('__')
  let leaf = path.pop() as string
  let text = value
  if (leaf.endsWith('_file') && leaf !== 'ca_file') {
    leaf = leaf.slice(0, -'_file'.length)
    text = readText(value, `The file that ${name} names`).trimEnd()
  }
  let place = tree
  for (const step of path) {
    if (typeof place[step] !== 'object' || place[step] === null) place[step] = {}
    place = place[step] as Tree
  }
  place[leaf] = AS_IT_IS.has(leaf) ? text : parseYaml(text, name)
}

function readText(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new HotplateError('CONFIG_INVALID', `${what} can't be read (${code})`, { cause })
  }
}

/** The parser's own words are left out: they quote the text, and that may hold a secret. */
function parseYaml(text: string, where: string): unknown {
  try {
    return parse(text) as unknown
  } catch {
    throw new HotplateError('CONFIG_INVALID', `Expected YAML in ${where} but found something else`)
  }
}

function merge(target: Tree, source: Tree): void {
  for (const [name, value] of Object.entries(source)) {
    if (value === undefined) continue
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      target[name] ??= {}
      merge(target[name] as Tree, value as Tree)
    } else {
      target[name] = value
    }
  }
}
