// Every format, on any bytes: where the chunks are cut never matters, nothing but LIST_UNREADABLE
// is ever thrown, and each line is told once.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HotplateError } from '../../src/domain/error.ts'
import { FLOCK } from '../../src/formats/hotlists/delimited.ts'
import { FORMATS } from '../../src/formats/hotlists/formats.ts'
import type { ParsedLine } from '../../src/formats/hotlists/parsed-line.ts'
import { parseList } from '../helpers/list-bytes.ts'

/** Pieces of real layouts, so that random files get past their first columns. */
const pieces = fc.constantFrom(
  'V900000001ID042010020260105ABC1234   ID2026PC2014F0RDF0C4DWHI',
  'plate,state,reason',
  'ABC1234',
  'ID',
  '20260105',
  '2026-01-05',
  ',',
  ';',
  '"',
  ' ',
  '\n',
  '\r\n',
  '\ufeff',
  '\0',
  'é',
  '{"POIs":[',
  '{"PlateNumber":"ABC1234","Status":"ADD","Reason":"x"}',
  '{"POIs":[{"a":"}\\""},{"b":[[{}]]}], "c":{}}',
  'caseNumber,plate,reason,state,expiry,note\n',
  'ABC1234,x,Idaho',
  ']}',
  '\\',
  '0H LPR CALIBRATION RECORD',
  'TOTAL RECORD 0000002',
  'DATE01/05/2026 03:00',
  'x'.repeat(5_000),
)

const files = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.array(pieces, { maxLength: 40 }).map((all) => Buffer.from(all.join(''))),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 400 }).map((all) => Buffer.from(all)) },
)

const cuts = fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 8 })

type Outcome = ParsedLine[] | { code: string }

async function outcomeOf(name: string, bytes: Buffer, sizes?: number[]): Promise<Outcome> {
  try {
    return await parseList(name, bytes, { mapping: FLOCK, now_ms: 0 }, sizes)
  } catch (error) {
    if (error instanceof HotplateError) return { code: error.code }
    throw error
  }
}

test.each(FORMATS.map(({ name }) => name))(
  '%s: cuts do not matter, nothing breaks',
  async (name) => {
    await fc.assert(
      fc.asyncProperty(files, cuts, async (bytes, sizes) => {
        const whole = await outcomeOf(name, bytes)
        if (!Array.isArray(whole)) expect(whole.code).toBe('LIST_UNREADABLE')
        expect(await outcomeOf(name, bytes, sizes)).toEqual(whole)
        expect(await outcomeOf(name, bytes, [1])).toEqual(whole)
        if (!Array.isArray(whole)) return
        const numbers = whole.flatMap((parsed) => ('line' in parsed ? [parsed.line] : []))
        expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
      }),
      { numRuns: 150 },
    )
  },
)
