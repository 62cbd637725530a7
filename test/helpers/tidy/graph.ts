// Tidy checks on the files together: which room imports which, circles, exports that nobody uses.
import { posix } from 'node:path'
import { isTypeScript, lineAt, parse, type Source } from './source.ts'

/**
 * The rooms of src, from the ground up. A file imports from its own storey or one below, and rooms
 * form no circle. What stands beside the house (console) sees the domain alone.
 */
const STOREYS: readonly (readonly string[])[] = [
  ['domain'],
  ['config', 'telemetry'],
  ['supervise'],
  ['bus', 'store', 'matching', 'formats'],
  ['platform.ts'],
  ['alerts', 'hotlists', 'access', 'evidence', 'reports'],
  ['gateway', 'ingest', 'keeper', 'simulate'],
  ['serve.ts'],
  ['commands'],
  ['main.ts'],
]
const BESIDE: Record<string, readonly string[]> = { console: ['domain'] }

interface Edge {
  from: string
  to: string
  line: number
  /** Names taken; `*` for all of them. */
  names: string[]
}

/** The imports between the project's own files, types included. */
function edgesOf(sources: readonly Source[]): Edge[] {
  const known = new Set(sources.map(({ path }) => path))
  return sources.filter(isTypeScript).flatMap((source) => {
    const { staticImports, staticExports, dynamicImports } = parse(source).module
    const edges: Edge[] = []
    const add = (request: string, position: number, names: string[]): void => {
      if (!request.startsWith('.')) return
      const to = posix.join(posix.dirname(source.path), request)
      if (!known.has(to)) return
      edges.push({ from: source.path, to, line: lineAt(source.text, position), names })
    }
    for (const { moduleRequest, entries, start } of staticImports) {
      const names = entries.map(({ importName: { kind, name } }) =>
        kind === 'Name' && name !== null ? name : kind === 'Default' ? 'default' : '*',
      )
      add(moduleRequest.value, start, names)
    }
    for (const { entries, start } of staticExports) {
      for (const { moduleRequest, importName } of entries) {
        if (moduleRequest) add(moduleRequest.value, start, [importName.name ?? '*'])
      }
    }
    for (const { moduleRequest, start } of dynamicImports) {
      const text = source.text.slice(moduleRequest.start, moduleRequest.end)
      add(text.replace(/^['"`]|['"`]$/g, ''), start, ['*'])
    }
    return edges
  })
}

function roomOf(path: string): string | undefined {
  return /^src\/([^/]+)/.exec(path)?.[1]
}

function storeyOf(room: string): number {
  return STOREYS.findIndex((rooms) => rooms.includes(room))
}

/** Imports that go up, out of src, or from a room that the house doesn't know. */
export function importsThatGoUp(sources: readonly Source[]): string[] {
  return edgesOf(sources).flatMap(({ from, to, line }) => {
    const source = roomOf(from)
    const target = roomOf(to)
    if (source === undefined || source === target) return []
    const told = `${from}:${line} imports ${to}`
    if (target === undefined) return [`${told}: out of src`]
    const beside = BESIDE[source]
    if (beside !== undefined) {
      return beside.includes(target) ? [] : [`${told}: ${source} sees ${beside.join(', ')} alone`]
    }
    if (storeyOf(source) < 0)
      return [`${told}: ${source} has no storey (test/helpers/tidy/graph.ts)`]
    if (storeyOf(target) < 0) return [`${told}: ${target} is not for other rooms`]
    return storeyOf(target) > storeyOf(source) ? [`${told}: that goes up`] : []
  })
}

/** Circles of files, and circles of rooms. */
export function importCircles(sources: readonly Source[]): string[] {
  const edges = edgesOf(sources)
  const rooms = edges.flatMap(({ from, to }) => {
    const pair = [roomOf(from), roomOf(to)] as const
    return pair[0] !== undefined && pair[1] !== undefined && pair[0] !== pair[1] ? [pair] : []
  })
  return [
    ...circles(edges.map(({ from, to }) => [from, to] as const)),
    ...circles(rooms as (readonly [string, string])[]),
  ].map((circle) => `${circle[0]}:1 imports itself by way of ${circle.slice(1).join(', ')}`)
}

/** One circle for each edge that closes one in a depth-first walk. */
function circles(edges: readonly (readonly [string, string])[]): string[][] {
  const next = new Map<string, Set<string>>()
  for (const [from, to] of edges) next.set(from, (next.get(from) ?? new Set()).add(to))
  const found: string[][] = []
  const done = new Set<string>()
  const path: string[] = []
  const go = (node: string): void => {
    const at = path.indexOf(node)
    if (at !== -1) {
      found.push([...path.slice(at), node])
      return
    }
    if (done.has(node)) return
    path.push(node)
    for (const to of next.get(node) ?? []) go(to)
    path.pop()
    done.add(node)
  }
  for (const node of next.keys()) go(node)
  return found
}

/**
 * Exports that no other file imports. A type may be exported for a signature's sake: it must then
 * stand in its own file more than once. Default exports are for tools (and benches) to find.
 */
export function unusedExports(sources: readonly Source[]): string[] {
  const used = new Map<string, Set<string>>()
  for (const { to, names } of edgesOf(sources)) {
    const set = used.get(to) ?? new Set()
    for (const name of names) set.add(name)
    used.set(to, set)
  }
  return sources.filter(isTypeScript).flatMap((source) => {
    const names = used.get(source.path)
    if (names?.has('*')) return []
    return parse(source)
      .module.staticExports.flatMap(({ entries }) => entries)
      .flatMap(({ exportName: { kind, name }, isType, start }) => {
        if (kind !== 'Name' || name === null || names?.has(name)) return []
        if (isType && occurrences(source.text, name) > 1) return []
        return [
          `${source.path}:${lineAt(source.text, start)} exports ${name}, which nobody imports`,
        ]
      })
  })
}

function occurrences(text: string, name: string): number {
  return text.match(new RegExp(`\\b${name.replaceAll('$', '\\$')}\\b`, 'g'))?.length ?? 0
}
