// Checks of what is passed to the C++ side on WebAssembly, in the words of native/binding/.
import { unexpected } from './unexpected.ts'

export const ENTRY_BYTES = 24
export const READ_BYTES = 16
export const EVIDENCE_BYTES = 24

export function bytesOf(value: unknown, name: string): Uint8Array {
  if (!(value instanceof Uint8Array)) throw unexpected('a Uint8Array', name, value)
  return value
}

export function doublesOf(value: unknown, name: string): Float64Array {
  if (!(value instanceof Float64Array)) throw unexpected('a Float64Array', name, value)
  return value
}

export function wordsOf(value: unknown, name: string): Uint32Array {
  if (!(value instanceof Uint32Array)) throw unexpected('a Uint32Array', name, value)
  return value
}

export function numberOf(value: unknown, name: string): number {
  if (typeof value !== 'number') throw unexpected('a number', name, value)
  return value
}

export function integerOf(value: unknown, max: number, name: string): number {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > max) {
    throw unexpected(`an integer from 0 to ${max}`, name, value)
  }
  return value as number
}

/** The first `count` records. */
export function recordsOf(
  array: unknown,
  count: unknown,
  record_bytes: number,
  name: string,
): Uint8Array {
  const bytes = bytesOf(array, name)
  const records = integerOf(count, Math.floor(bytes.length / record_bytes), 'count')
  return bytes.subarray(0, records * record_bytes)
}

export function badRecord(expected: string, name: string, record: number): TypeError {
  return refused(expected, name, `other bytes in record ${record} of type object`)
}

/** An error whose last words are its own. */
export function refused(expected: string, name: string, received: string): TypeError {
  return new TypeError(`Expected ${expected} for ${name} but received ${received}`)
}
