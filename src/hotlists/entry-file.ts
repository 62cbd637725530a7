// The entries of one list version as a file in the data folder, so that neither a list of millions
// need be held in memory nor the store be there for an alert.
//
//   header (4,096 bytes) | rows | records | offsets
//
//   header    0 magic, 8 version, 12 checksum of the header (itself zero), 16 entries (u32),
//             20 checksum of all that follows, 24 bytes of rows (f64), 32 bytes of the manifest
//             (u32), 36 the manifest, JSON in UTF-8
//   rows      entry-row.ts, one after the other, ordered by plate, then id
//   records   24 bytes an entry, as the index builder takes them (matching/record.ts); the list's
//             number is zero: it differs by generation
//   offsets   where each row begins among the rows, and where the last one ends (f64)
//
// Little endian; checksums are CRC-32. A file is written aside, brought to the disk and renamed, so
// that there is a whole one or none. An entry is read by its position when it is hit, two reads of
// some bytes; the rows are never all in memory.
import {
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { crc32 } from 'node:zlib'
import { HotplateError } from '../domain/error.ts'
import type { Entry, HotList } from '../domain/hotlist.ts'
import { ENTRY_RECORD_BYTES } from '../matching/record.ts'
import { decodeRow, newSpans, RecordPacker, scanRow } from './entry-row.ts'

const REGION_AT = 16
const HEADER_BYTES = 4_096
const MANIFEST_AT = 36
const MAGIC = 0x5345_4952_544e_4548n
const FORM = 2
const OFFSET_BYTES = 8
const READ_BYTES = 1024 * 1024

interface Header {
  manifest: HotList
  entries: number
  rows_bytes: number
  body_checksum: number
}

function encodeHeader({ manifest, entries, rows_bytes, body_checksum }: Header): Uint8Array {
  const header = Buffer.alloc(HEADER_BYTES)
  const text = Buffer.from(JSON.stringify(manifest))
  header.writeBigUInt64LE(MAGIC, 0)
  header.writeUInt32LE(FORM, 8)
  header.writeUInt32LE(entries, 16)
  header.writeUInt32LE(body_checksum, 20)
  header.writeDoubleLE(rows_bytes, 24)
  header.writeUInt32LE(text.length, 32)
  header.set(text, MANIFEST_AT)
  header.writeUInt32LE(crc32(header), 12)
  return header
}

function decodeHeader(bytes: Buffer, file: string): Header {
  const checksum = bytes.readUInt32LE(12)
  bytes.writeUInt32LE(0, 12)
  const sound =
    bytes.readBigUInt64LE(0) === MAGIC &&
    bytes.readUInt32LE(8) === FORM &&
    crc32(bytes) === checksum
  if (!sound) throw damaged(file, 'its header')
  const text = bytes.subarray(MANIFEST_AT, MANIFEST_AT + bytes.readUInt32LE(32))
  return {
    manifest: JSON.parse(text.toString()) as HotList,
    entries: bytes.readUInt32LE(16),
    rows_bytes: bytes.readDoubleLE(24),
    body_checksum: bytes.readUInt32LE(20),
  }
}

function damaged(file: string, what: string, cause?: unknown): HotplateError {
  const message = `The entry file ${file} is damaged: ${what} is not as it was written`
  return new HotplateError('ENTRY_FILE_DAMAGED', message, { cause })
}

function bytesOf({ entries, rows_bytes }: Header): number {
  const offsets_bytes = (entries + 1) * OFFSET_BYTES
  return HEADER_BYTES + rows_bytes + entries * ENTRY_RECORD_BYTES + offsets_bytes
}

/** Takes rows as they stream in, and knows of each where it begins and how it is matched. */
class RowTable {
  records = new Uint8Array(ENTRY_RECORD_BYTES)
  offsets = new Float64Array(2)
  entries = 0
  rows_bytes = 0
  readonly #packer: RecordPacker
  readonly #spans = newSpans()
  /** What has come of a row that is not whole yet. */
  #part: Uint8Array = new Uint8Array(0)
  #room = new Uint8Array(0)

  constructor(manifest: HotList) {
    this.#packer = new RecordPacker(manifest.profile)
    this.#reserve(manifest.entries)
  }

  add(chunk: Uint8Array): void {
    const bytes = this.#part.length === 0 ? chunk : this.#joined(chunk)
    let at = 0
    for (;;) {
      const end = scanRow(bytes, at, bytes.length, this.#spans)
      if (end < 0) break
      if ((this.entries + 1) * ENTRY_RECORD_BYTES > this.records.length) {
        this.#reserve(this.entries * 2)
      }
      this.#packer.pack(bytes, this.#spans, this.records, this.entries * ENTRY_RECORD_BYTES)
      this.rows_bytes += end - at
      this.entries += 1
      this.offsets[this.entries] = this.rows_bytes
      at = end
    }
    this.#part = bytes.subarray(at)
  }

  /** @throws HotplateError ENTRY_DAMAGED where the last row is cut */
  finish(): void {
    if (this.#part.length > 0) decodeRow(this.#part)
  }

  /** In the same room each time: a list of millions comes in thousands of chunks. */
  #joined(chunk: Uint8Array): Uint8Array {
    const length = this.#part.length + chunk.length
    if (length > this.#room.length) {
      const room = new Uint8Array(2 * length)
      room.set(this.#part)
      this.#room = room
    } else {
      this.#room.set(this.#part)
    }
    this.#room.set(chunk, this.#part.length)
    return this.#room.subarray(0, length)
  }

  #reserve(entries: number): void {
    const records = new Uint8Array(entries * ENTRY_RECORD_BYTES)
    records.set(this.records.subarray(0, this.entries * ENTRY_RECORD_BYTES))
    this.records = records
    const offsets = new Float64Array(entries + 1)
    offsets.set(this.offsets.subarray(0, this.entries + 1))
    this.offsets = offsets
  }
}

/**
 * Writes a list's file from its rows, and puts it in its place once it is whole and on the disk.
 * @param rows chunks that may end anywhere (`streamRows`)
 * @throws HotplateError LIST_INCOMPLETE where there are other rows than the manifest says;
 * ENTRY_DAMAGED
 */
export async function writeEntryFile(
  file: string,
  manifest: HotList,
  rows: AsyncIterable<Uint8Array>,
): Promise<void> {
  const aside = `${file}.new`
  const descriptor = openSync(aside, 'w', 0o600)
  try {
    const table = new RowTable(manifest)
    let body_checksum = 0
    let at = HEADER_BYTES
    const put = (bytes: Uint8Array) => {
      body_checksum = crc32(bytes, body_checksum)
      at += writeAll(descriptor, bytes, at)
    }
    for await (const chunk of rows) {
      table.add(chunk)
      put(chunk)
    }
    table.finish()
    const { entries, rows_bytes, records, offsets } = table
    if (entries !== manifest.entries) {
      throw new HotplateError(
        'LIST_INCOMPLETE',
        `Expected ${manifest.entries} entries of ${manifest.name} version ${manifest.version} ` +
          `in the store but found ${entries}`,
      )
    }
    put(records.subarray(0, entries * ENTRY_RECORD_BYTES))
    put(new Uint8Array(offsets.buffer, 0, (entries + 1) * OFFSET_BYTES))
    writeAll(descriptor, encodeHeader({ manifest, entries, rows_bytes, body_checksum }), 0)
    fsyncSync(descriptor)
    renameSync(aside, file)
  } catch (error) {
    unlinkSync(aside)
    throw error
  } finally {
    closeSync(descriptor)
  }
}

function writeAll(descriptor: number, bytes: Uint8Array, at: number): number {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(descriptor, bytes, done, bytes.length - done, at + done)
  }
  return bytes.length
}

/** An open file goes with the last generation that names its hits by it. */
const forgotten = new FinalizationRegistry<number>((descriptor) => closeSync(descriptor))

export class EntryFile {
  readonly file: string
  readonly #descriptor: number
  readonly #header: Header

  /**
   * Opens a file and checks its header and its size; {@link verify} looks at all of it.
   * @throws HotplateError ENTRY_FILE_DAMAGED; the system's error where there is none
   */
  constructor(file: string) {
    this.file = file
    this.#descriptor = openSync(file, 'r')
    forgotten.register(this, this.#descriptor, this)
    try {
      const bytes = Buffer.alloc(HEADER_BYTES)
      if (readSync(this.#descriptor, bytes, 0, HEADER_BYTES, 0) < HEADER_BYTES) {
        throw damaged(file, 'its size')
      }
      this.#header = decodeHeader(bytes, file)
      if (fstatSync(this.#descriptor).size !== bytesOf(this.#header)) {
        throw damaged(file, 'its size')
      }
    } catch (error) {
      this.close()
      throw error
    }
  }

  get manifest(): HotList {
    return this.#header.manifest
  }

  get entries(): number {
    return this.#header.entries
  }

  close(): void {
    if (forgotten.unregister(this)) closeSync(this.#descriptor)
  }

  /** @throws HotplateError ENTRY_FILE_DAMAGED */
  at(entry: number): Entry {
    const { rows_bytes } = this.#header
    const offsets_at = bytesOf(this.#header) - (this.entries + 1 - entry) * OFFSET_BYTES
    const offsets = this.#read(offsets_at, 2 * OFFSET_BYTES)
    const from = offsets.readDoubleLE(0)
    const to = offsets.readDoubleLE(OFFSET_BYTES)
    if (!(from >= 0 && to > from && to <= rows_bytes)) throw damaged(this.file, 'an offset')
    try {
      return decodeRow(this.#read(HEADER_BYTES + from, to - from))
    } catch (cause) {
      throw damaged(this.file, 'a row', cause)
    }
  }

  /** Reads all records: 24 bytes an entry. */
  readRecords(target: Uint8Array): void {
    const bytes = this.entries * ENTRY_RECORD_BYTES
    for (let at = 0; at < bytes; at += READ_BYTES) {
      const length = Math.min(READ_BYTES, bytes - at)
      this.#readInto(target.subarray(at, at + length), this.#records_at + at)
    }
  }

  /**
   * Numbers of the entries of this plate, by bisection: some fifty reads among five million.
   * @param plate folded plate or pattern
   */
  find(plate: string): { from: number; to: number } {
    const key = Buffer.alloc(ENTRY_RECORD_BYTES / 2)
    key.write(plate, 'latin1')
    const from = this.#bisect((order) => order < 0, key)
    return { from, to: this.#bisect((order) => order <= 0, key) }
  }

  /** What the index has of an entry. @returns the region as its code */
  matched(entry: number): { plate: string; region: number } {
    const record = this.#record(entry)
    const plate = record.toString('latin1', 1, 1 + (record[0] as number))
    return { plate, region: record.readUInt32LE(REGION_AT) }
  }

  /** Looks at every byte. @throws HotplateError ENTRY_FILE_DAMAGED */
  verify(): void {
    const bytes = Buffer.alloc(READ_BYTES)
    const end = bytesOf(this.#header)
    let checksum = 0
    for (let at = HEADER_BYTES; at < end; at += READ_BYTES) {
      const part = bytes.subarray(0, Math.min(READ_BYTES, end - at))
      this.#readInto(part, at)
      checksum = crc32(part, checksum)
    }
    if (checksum !== this.#header.body_checksum) throw damaged(this.file, 'its body')
  }

  get #records_at(): number {
    return HEADER_BYTES + this.#header.rows_bytes
  }

  /** The first entry whose plate is not `before` the key. */
  #bisect(before: (order: number) => boolean, key: Buffer): number {
    let low = 0
    let high = this.entries
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      const chars = this.#record(middle).subarray(1, 1 + key.length)
      if (before(Buffer.compare(chars, key))) low = middle + 1
      else high = middle
    }
    return low
  }

  #record(entry: number): Buffer {
    return this.#read(this.#records_at + entry * ENTRY_RECORD_BYTES, ENTRY_RECORD_BYTES)
  }

  #read(at: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length)
    this.#readInto(bytes, at)
    return bytes
  }

  #readInto(target: Uint8Array, at: number): void {
    for (let done = 0; done < target.length; ) {
      const length = target.length - done
      const read = readSync(this.#descriptor, target, done, length, at + done)
      if (read === 0) throw damaged(this.file, 'its size')
      done += read
    }
  }
}
