// Lists as bytes that stream in, cut wherever a test wants, and what a format makes of them.
import { type FormatOptions, listFormat } from '../../src/formats/hotlists/formats.ts'
import type { ParsedLine } from '../../src/formats/hotlists/parsed-line.ts'

/** In chunks of these sizes, over and over; without sizes in one. */
export async function* chunksOf(
  bytes: Uint8Array,
  sizes: readonly number[] = [],
): AsyncGenerator<Uint8Array> {
  let from = 0
  for (let turn = 0; from < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? bytes.length
    yield bytes.subarray(from, from + size)
    from += size
  }
}

export async function parseList(
  format: string,
  text: string | Uint8Array,
  options?: FormatOptions,
  sizes?: readonly number[],
): Promise<ParsedLine[]> {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  const lines: ParsedLine[] = []
  for await (const line of listFormat(format).parse(chunksOf(bytes, sizes), options)) {
    lines.push(line)
  }
  return lines
}

/** Lines of text, each with an end. */
export function textOf(lines: readonly string[], end = '\n'): string {
  return lines.map((line) => line + end).join('')
}
