// Rows of hot-list entries as the store sends them (RowBinary), written the plain way; and whole
// entry files of them.

import type { Entry, HotList } from '../../src/domain/hotlist.ts'
import { writeEntryFile } from '../../src/hotlists/entry-file.ts'

function varUInt(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varUInt(value >>> 7)]
}

function encodeRow(entry: Entry): Uint8Array {
  const { plate, region, id, reason, case: case_number, profile, vehicle } = entry
  const { make, model, color, type, year } = vehicle ?? {}
  const { purpose, expires_at, details } = entry
  const last = [purpose, expires_at, details && JSON.stringify(details)]
  const vehicle_texts = [make, model, color, type]
  const texts = [plate, region, id, reason, case_number, profile, ...vehicle_texts, ...last]
  const strings = texts.flatMap((text = '') => {
    const bytes = Buffer.from(text)
    return [...varUInt(bytes.length), ...bytes]
  })
  return Uint8Array.from([...strings, ...(year === undefined ? [1] : [0, year & 255, year >>> 8])])
}

/** In the store's order: by plate, then id. */
function inOrder(entries: readonly Entry[]): Entry[] {
  const key = ({ plate, id }: Entry) => Buffer.from(`${plate}\0${id}`)
  return entries.toSorted((a, b) => Buffer.compare(key(a), key(b)))
}

export function manifestOf(entries: number, change: Partial<HotList> = {}): HotList {
  return {
    name: 'stolen',
    category: 'stolen_vehicle',
    profile: 'fold',
    version: 1,
    entries,
    imported_at: '2026-11-26T12:00:00.000Z',
    ...change,
  }
}

/** The bytes in pieces of this many, one after the other. */
async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** Rows of these entries, in the store's order. */
export function rowsOf(entries: readonly Entry[]): Uint8Array {
  return Buffer.concat(inOrder(entries).map(encodeRow))
}

/** @returns the entries in the file's order */
export async function writeEntries(
  file: string,
  entries: readonly Entry[],
  { manifest = manifestOf(entries.length), piece_bytes = 100 } = {},
): Promise<Entry[]> {
  await writeEntryFile(file, manifest, inPieces(rowsOf(entries), piece_bytes))
  return inOrder(entries)
}
