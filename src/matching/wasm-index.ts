// Index blocks on WebAssembly: built, opened, refused in words. A block is copied into the memory
// of each instance that searches it, from shared memory or from its file: what mapping saves is
// lost.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { getSystemErrorMap } from 'node:util'
import { unexpected } from './unexpected.ts'
import { Room } from './wasm.ts'
import { badRecord, bytesOf, ENTRY_BYTES, integerOf, recordsOf, refused } from './wasm-arguments.ts'

const SYMBOLS = 36
const VERSION_AT = 8
const BLOCK_BYTES_AT = 16

/** By the numbers of hotplate::BuildStatus. */
const BUILD_DONE = 0
const BUILD_BAD_RECORD = 4
const TOO_MANY: Readonly<Record<number, readonly [code: string, what: string]>> = {
  1: ['INDEX_TOO_MANY_ENTRIES', 'entries'],
  2: ['INDEX_FOLD2_TOO_LARGE', 'entries of fold+2'],
  3: ['INDEX_TOO_MANY_PATTERNS', 'patterns'],
}

/** By the numbers of hotplate::BlockStatus. */
const BLOCK_SOUND = 0
const BLOCK_OTHER_VERSION = 4
const BLOCK_OTHER_SIZE = 5
const BLOCK_DAMAGED = 6

export function indexBytes(
  entries: Uint8Array,
  count: number,
  fold: Uint8Array,
  edit_chars_min: number,
): number {
  return planned(new Room(), entries, count, fold, edit_chars_min).block_bytes
}

export function fillIndex(
  entries: Uint8Array,
  count: number,
  fold: Uint8Array,
  edit_chars_min: number,
  block: Uint8Array,
): void {
  const room = new Room()
  const { records, bytes, block_bytes } = planned(room, entries, count, fold, edit_chars_min)
  const target = bytesOf(block, 'block')
  if (target.length !== block_bytes) {
    const received = `${target.length} of type number`
    throw refused(`${block_bytes} aligned bytes`, 'block', received)
  }
  const at = room.allocate(block_bytes)
  room.call.fill_index(records, bytes, at, block_bytes)
  target.set(room.bytes(at, block_bytes))
}

function planned(room: Room, entries: unknown, count: unknown, fold: unknown, chars_min: unknown) {
  const entry_records = recordsOf(entries, count, ENTRY_BYTES, 'entries')
  const fold_bytes = bytesOf(fold, 'fold')
  if (fold_bytes.length !== SYMBOLS) throw unexpected(`${SYMBOLS} bytes`, 'fold', fold)
  const edit_chars_min = integerOf(chars_min, 255, 'edit_chars_min')
  const [records = 0, table = 0] = room.place(entry_records, fold_bytes)
  const bytes = entry_records.length
  const status = room.call.plan_index(records, bytes, table, edit_chars_min)
  if (status === BUILD_BAD_RECORD) {
    const expected = 'a packed entry of 1 to 12 of A-Z, 0-9, ? and *'
    throw badRecord(expected, 'entries', room.call.bad_record())
  }
  const many = TOO_MANY[status]
  if (many) {
    const expected = `at most ${room.call.most_of(status) >>> 0} ${many[1]}`
    const text = `Expected ${expected} for entries but received more`
    throw Object.assign(new RangeError(text), { code: many[0] })
  }
  if (status !== BUILD_DONE) throw unexpected('a fold table that ties O with zero', 'fold', fold)
  return { records, bytes, block_bytes: room.call.planned_bytes() }
}

/** Copies a block in and opens it there. */
export function openBlock(room: Room, source: unknown, all: boolean, name: string): void {
  const { at, bytes } =
    typeof source === 'string' ? copyFile(room, source, name) : copyBlock(room, source, name)
  const status = room.call.open_index(at, bytes, all ? 1 : 0)
  if (status === BLOCK_SOUND) return
  const header = room.bytes(at, Math.min(bytes, BLOCK_BYTES_AT + 8)).slice()
  throw refusedBlock(status, new DataView(header.buffer), bytes, name)
}

function refusedBlock(status: number, header: DataView, bytes: number, name: string): TypeError {
  const received = `${bytes} bytes of type object`
  switch (status) {
    case BLOCK_OTHER_VERSION: {
      const expected = `an index block of version ${new Room().call.index_version()}`
      return refused(expected, name, `${header.getUint32(VERSION_AT, true)} of type number`)
    }
    case BLOCK_OTHER_SIZE: {
      const expected = `an index block of ${header.getBigUint64(BLOCK_BYTES_AT, true)} bytes`
      return refused(expected, name, received)
    }
    case BLOCK_DAMAGED:
      return refused('an undamaged index block', name, received)
    default:
      return refused('an index block', name, received)
  }
}

interface Copy {
  at: number
  bytes: number
}

function copyBlock(room: Room, source: unknown, name: string): Copy {
  const block = bytesOf(source, name)
  if (!(block.buffer instanceof SharedArrayBuffer)) {
    throw unexpected('a view of a SharedArrayBuffer', name, source)
  }
  const at = room.allocate(block.length)
  room.bytes(at, block.length).set(block)
  return { at, bytes: block.length }
}

function copyFile(room: Room, path: string, name: string): Copy {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    const bytes = fstatSync(file).size
    if (bytes === 0) throw new Error('the file is empty')
    const at = room.allocate(bytes)
    const memory = room.bytes(at, bytes)
    for (let read = 0; read < bytes; ) {
      const more = readSync(file, memory, read, bytes - read, read)
      if (more === 0) throw new Error('the file became shorter')
      read += more
    }
    return { at, bytes }
  } catch (cause) {
    if (cause instanceof RangeError) throw cause
    throw refused('a file with an index block', name, `${path} (${reasonOf(cause as Error)})`)
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** In the system's words, without the path. */
function reasonOf({ errno, message }: NodeJS.ErrnoException): string {
  return (errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1]) ?? message
}
