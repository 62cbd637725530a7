// The matcher against the best of its kind that JavaScript has, on one core: batches of 512 packed
// reads through the binding, as the workers send them. Each peer is given strings that are folded
// already and finds the same entries; it takes turns with the matcher, so that a machine that slows
// down slows both, and the medians are compared.
import { distance } from 'fastest-levenshtein'
import { PassjoinIndex, SymSpell } from 'mnemonist'
import type { Profile } from '../src/domain/hotlist.ts'
import { buildIndexOf } from '../src/matching/index-block.ts'
import { loadLookAlikes } from '../src/matching/look-alikes.ts'
import { type Kernels, Matcher } from '../src/matching/matcher.ts'
import { loadAddon, loadNative } from '../src/matching/native.ts'
import { PLATE_RECORD_BYTES, packEntries } from '../src/matching/record.ts'
import { wasmNative } from '../src/matching/wasm-native.ts'
import type { Bench, BenchOptions } from './bench.ts'
import { drawList, drawPatterns, drawReads, folder, packReads } from './lib/match-traffic.ts'

const SEED = 20_261_126
const BATCH = 512
const TURN_MS_MIN = 100
/** Peers find plates of any length; so does the matcher here. */
const OPTIONS = { classes: loadLookAlikes(), edit_chars_min: 1 }
const fold = folder(OPTIONS.classes)

interface Sizes {
  large: number
  small: number
  patterns: number
  /** Reads of one turn of the matcher, and of a slow peer. */
  reads: number
  slow_reads: number
  turns: number
  /** Reads that are compared with brute force, and with each peer. */
  proved: number
  compared: number
}

const FULL: Sizes = {
  large: 1_000_000,
  small: 100_000,
  patterns: 10_000,
  reads: 512 * 512,
  slow_reads: 20 * 512,
  turns: 5,
  proved: 24,
  compared: 5_000,
}
const TINY: Sizes = {
  large: 4_000,
  small: 2_000,
  patterns: 100,
  reads: 4 * 512,
  slow_reads: 512,
  turns: 3,
  proved: 50,
  compared: 512,
}

/** A list, its index, and traffic for it. */
class Course {
  readonly list: string[]
  readonly folded: string[]
  readonly reads: string[]
  readonly folded_reads: string[]
  readonly batches: Uint8Array[]

  constructor(entries: number, reads: number) {
    this.list = drawList(entries, SEED)
    this.folded = [...new Set(this.list.map(fold))]
    this.reads = drawReads(reads, this.list, OPTIONS.classes, SEED + 1)
    this.folded_reads = this.reads.map(fold)
    this.batches = Array.from({ length: Math.ceil(reads / BATCH) }, (_, i) =>
      packReads(this.reads.slice(i * BATCH, (i + 1) * BATCH)),
    )
  }

  index(profile: Profile): { block: SharedArrayBuffer; build_s: number } {
    const records = packEntries(this.list.map((plate) => ({ plate, profile })))
    const began_ms = performance.now()
    const block = buildIndexOf(records, this.list.length, OPTIONS)
    return { block, build_s: (performance.now() - began_ms) / 1_000 }
  }

  /** Strings as they arrive: new ones, so that no hash of theirs is known yet. */
  arriving(first: number, count: number): string[] {
    const strings = this.folded_reads.slice(first, first + count)
    const bytes = Buffer.from(strings.join(''), 'latin1')
    let end = 0
    return strings.map(({ length }) => {
      end += length
      return bytes.toString('latin1', end - length, end)
    })
  }
}

type Turn = () => number

type Searching = Pick<Matcher, 'match'>

/** The same on WebAssembly. */
function onWasm(block: SharedArrayBuffer): Searching {
  const native = new wasmNative.Matcher(new Uint8Array(block))
  const target = new Uint32Array(1 << 20)
  return {
    match(records, count) {
      const pairs = native.match(records, count, target)
      if (pairs * 2 > target.length) throw new RangeError(`No room for ${pairs} hits`)
      return target.subarray(0, pairs * 2)
    },
  }
}

/** Reads per second of the matcher over all batches, as often as makes a turn of some length. */
function matcherTurn(course: Course, matcher: Searching): Turn {
  return () => {
    const began_ms = performance.now()
    let spent_ms = 0
    let reads = 0
    while (spent_ms < TURN_MS_MIN) {
      for (const batch of course.batches) matcher.match(batch, batch.length / PLATE_RECORD_BYTES)
      reads += course.reads.length
      spent_ms = performance.now() - began_ms
    }
    return (reads * 1_000) / spent_ms
  }
}

/** Reads per second of a peer; the strings are made outside of the time that counts. */
function peerTurn(course: Course, reads: number, search: (plate: string) => unknown): Turn {
  return () => {
    let spent_ms = 0
    for (let first = 0; first < reads; first += BATCH) {
      const strings = course.arriving(first, BATCH)
      const began_ms = performance.now()
      for (const plate of strings) search(plate)
      spent_ms += performance.now() - began_ms
    }
    return (reads * 1_000) / spent_ms
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number
}

/** In turns; a first one of each warms up and does not count. */
function inTurns<T extends string>(turns: number, sides: Record<T, Turn>): Record<T, number> {
  const names = Object.keys(sides) as T[]
  const speeds = Object.fromEntries(names.map((name) => [name, [] as number[]]))
  for (let turn = 0; turn <= turns; turn += 1) {
    for (const name of names) {
      const speed = sides[name]()
      if (turn > 0) speeds[name]?.push(speed)
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(speeds[name] ?? [])])) as never
}

const told = (what: string) => console.error(`match: ${what}`)

/** Folded plates that are found, as text, for each read. */
function foundBy(course: Course, matcher: Matcher, read: string): string {
  const found = Array.from(matcher.find(read), (entry) => fold(course.list[entry] as string))
  return [...new Set(found)].toSorted().join(' ')
}

function differences(
  course: Course,
  matcher: Matcher,
  reads: number,
  peer: (read: string) => readonly string[],
): number {
  let count = 0
  for (let read = 0; read < reads; read += 1) {
    const expected = [...peer(course.folded_reads[read] as string)].toSorted().join(' ')
    if (foundBy(course, matcher, course.reads[read] as string) !== expected) count += 1
  }
  return count
}

/** Pairs that brute force and the matcher do not agree on. */
function unproved(course: Course, matcher: Searching, profile: Profile, reads: number): number {
  const entries = packEntries(course.list.map((plate) => ({ plate, profile })))
  const records = packReads(course.reads.slice(-reads))
  const { classes, edit_chars_min } = OPTIONS
  const native = loadNative()
  const count = course.list.length
  const truth = native.referenceMatch(entries, count, classes, edit_chars_min, records, reads)
  const found = matcher.match(records, reads)
  const pairs = (hits: Uint32Array) =>
    new Set(Array.from({ length: hits.length / 2 }, (_, i) => `${hits[2 * i]}:${hits[2 * i + 1]}`))
  const [expected, came] = [pairs(truth), pairs(found)]
  const missed = [...expected].filter((pair) => !came.has(pair)).length
  return missed + came.size - (expected.size - missed)
}

/** Its pairs that are one transposition apart are two edits to us: left out. */
function symSpell(course: Course) {
  const peer = new SymSpell({ maxDistance: 1, verbosity: 2 })
  for (const plate of course.folded) peer.add(plate)
  return {
    search: (plate: string) => peer.search(plate),
    terms: (plate: string) =>
      peer
        .search(plate)
        .map(({ term }: { term: string }) => term)
        .filter((term: string) => distance(term, plate) <= 1),
  }
}

function passJoin(course: Course, edits: number) {
  const peer = new PassjoinIndex<string>(distance, edits)
  for (const plate of course.folded) peer.add(plate)
  return (plate: string) => peer.search(plate)
}

/** ns of one line of the block at random places, many asked for at once. */
function lineCost(block: SharedArrayBuffer): number {
  const { touchLines } = loadAddon()
  const lines = 1 << 20
  const costs = Array.from({ length: 7 }, (_, turn) => {
    const began_ms = performance.now()
    touchLines(new Uint8Array(block), lines, SEED + turn)
    return ((performance.now() - began_ms) * 1e6) / lines
  })
  return median(costs)
}

function large(sizes: Sizes) {
  const course = new Course(sizes.large, sizes.reads)
  told(`${sizes.large} entries at fold+1, beside SymSpell`)
  const { block, build_s } = course.index('fold+1')
  const best = new Matcher(block)
  const plain = new Matcher(block, 'plain')
  const wasm = onWasm(block)
  const peer = symSpell(course)
  const speeds = inTurns(sizes.turns, {
    fold1: matcherTurn(course, best),
    plain: matcherTurn(course, plain),
    wasm: matcherTurn(course, wasm),
    symspell: peerTurn(course, sizes.slow_reads, peer.search),
  })
  const line_ns = lineCost(block)
  const lone = loneRatio(course, best, peer.search, sizes)
  const touched = best.touched
  const mismatches =
    differences(course, best, sizes.compared, peer.terms) +
    differences(course, plain, sizes.compared, peer.terms) +
    unproved(course, best, 'fold+1', sizes.proved) +
    unproved(course, wasm, 'fold+1', sizes.proved)
  return { block, build_s, speeds, line_ns, lone, touched, mismatches, kernels: best.kernels }
}

/** One read at a time, a string in, of those that hit nothing. */
function loneRatio(
  course: Course,
  matcher: Matcher,
  search: (plate: string) => unknown,
  sizes: Sizes,
): number {
  const silent = course.reads.filter((read) => matcher.find(read).length === 0)
  const folded = silent.map(fold)
  const { lone, symspell } = inTurns(sizes.turns, {
    lone: () => oneByOne(silent.slice(0, sizes.reads), (read) => matcher.find(read)),
    symspell: () => oneByOne(folded.slice(0, sizes.slow_reads), search),
  })
  return lone / symspell
}

function oneByOne(reads: readonly string[], search: (plate: string) => unknown): number {
  const began_ms = performance.now()
  for (const read of reads) search(read)
  return (reads.length * 1_000) / (performance.now() - began_ms)
}

/** The same list with as many patterns as an index takes, beside without. */
function withPatterns(sizes: Sizes): number {
  const course = new Course(sizes.large, sizes.reads)
  told(`${sizes.large} entries at fold+1, with and without ${sizes.patterns} patterns`)
  const bare = course.list.map((plate) => ({ plate, profile: 'fold+1' as const }))
  const patterns = drawPatterns(sizes.patterns, SEED + 2)
  const both = [...bare, ...patterns.map((plate) => ({ plate, profile: 'fold' as const }))]
  const matcherOf = (entries: typeof both) =>
    new Matcher(buildIndexOf(packEntries(entries), entries.length, OPTIONS))
  const speeds = inTurns(sizes.turns, {
    without: matcherTurn(course, matcherOf(bare)),
    patterns: matcherTurn(course, matcherOf(both)),
  })
  return speeds.patterns / speeds.without
}

function foldBesideMap(sizes: Sizes) {
  const course = new Course(sizes.large, sizes.reads)
  told(`${sizes.large} entries at fold, beside a Map`)
  const matcher = new Matcher(course.index('fold').block)
  const map = new Map(course.folded.map((plate, i) => [plate, i]))
  const speeds = inTurns(sizes.turns, {
    fold: matcherTurn(course, matcher),
    map: peerTurn(course, sizes.reads, (plate) => map.get(plate)),
  })
  const mismatches =
    differences(course, matcher, sizes.compared, (plate) => (map.has(plate) ? [plate] : [])) +
    unproved(course, matcher, 'fold', sizes.proved)
  return { ratio: speeds.fold / speeds.map, speeds, mismatches }
}

function besidePassJoin(sizes: Sizes, profile: 'fold+1' | 'fold+2') {
  const course = new Course(sizes.small, sizes.reads)
  told(`${sizes.small} entries at ${profile}, beside PassJoinIndex`)
  const { block } = course.index(profile)
  const matcher = new Matcher(block)
  const search = passJoin(course, profile === 'fold+1' ? 1 : 2)
  const speeds = inTurns(sizes.turns, {
    ours: matcherTurn(course, matcher),
    passjoin: peerTurn(course, sizes.slow_reads, search),
  })
  const mismatches =
    differences(course, matcher, sizes.compared, (plate) => [...search(plate)]) +
    unproved(course, matcher, profile, sizes.proved)
  return { ratio: speeds.ours / speeds.passjoin, speeds, mismatches, bytes: block.byteLength }
}

const rounded = (value: number) => Number(value.toPrecision(4))

function run({ tiny }: BenchOptions): Promise<Record<string, unknown>> {
  const sizes = tiny ? TINY : FULL
  const fold1 = large(sizes)
  const folded = foldBesideMap(sizes)
  const fold1_small = besidePassJoin(sizes, 'fold+1')
  const fold2_small = besidePassJoin(sizes, 'fold+2')
  const read_ns = 1e9 / fold1.speeds.fold1
  return Promise.resolve({
    entries: sizes.large,
    kernels: fold1.kernels satisfies Kernels,
    fold1_reads_s: Math.round(fold1.speeds.fold1),
    symspell_reads_s: Math.round(fold1.speeds.symspell),
    fold1_ratio: rounded(fold1.speeds.fold1 / fold1.speeds.symspell),
    fold1_100k_ratio: rounded(fold1_small.ratio),
    fold1_100k_reads_s: Math.round(fold1_small.speeds.ours),
    fold_ratio: rounded(folded.ratio),
    fold_reads_s: Math.round(folded.speeds.fold),
    map_reads_s: Math.round(folded.speeds.map),
    fold2_100k_ratio: rounded(fold2_small.ratio),
    fold2_100k_reads_s: Math.round(fold2_small.speeds.ours),
    lines_read: rounded(fold1.touched),
    line_ns: rounded(fold1.line_ns),
    floor_fraction: rounded((fold1.touched * fold1.line_ns) / read_ns),
    lone_ratio: rounded(fold1.lone),
    plain_ratio: rounded(fold1.speeds.plain / fold1.speeds.symspell),
    wasm_ratio: rounded(fold1.speeds.wasm / fold1.speeds.symspell),
    patterns_ratio: rounded(withPatterns(sizes)),
    bytes_entry: rounded(fold1.block.byteLength / sizes.large),
    bytes_entry_fold2: rounded(fold2_small.bytes / sizes.small),
    build_s: rounded(fold1.build_s),
    mismatches:
      fold1.mismatches + folded.mismatches + fold1_small.mismatches + fold2_small.mismatches,
  })
}

export default {
  name: 'match',
  question: 'How many reads a second does the matcher search, beside the best of its kind?',
  fields:
    'entries, fold1_reads_s, symspell_reads_s, fold1_ratio, fold1_100k_ratio, fold_ratio, ' +
    'fold2_100k_ratio, floor_fraction, lone_ratio, plain_ratio, wasm_ratio, bytes_entry, ' +
    'build_s, mismatches',
  run,
} satisfies Bench
