// Entry files against the entries that they were written from. Were it wrong, an alert would name
// another entry than the one that was hit, a removal would silence the wrong car, or a damaged file
// would be taken for a list.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Entry, PROFILES, PURPOSES } from '../../src/domain/hotlist.ts'
import { EntryFile } from '../../src/hotlists/entry-file.ts'
import { decodeRow } from '../../src/hotlists/entry-row.ts'
import { ENTRY_RECORD_BYTES } from '../../src/matching/record.ts'
import { regionCode } from '../../src/matching/region.ts'
import { manifestOf, rowsOf, writeEntries } from '../helpers/entry-rows.ts'
import { temporaryFolder } from '../helpers/folder.ts'

const plate = fc.stringMatching(/^[AB1?*]{1,12}$/)
const text = (maxLength: number) => fc.string({ minLength: 1, maxLength, unit: 'binary' })
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })

const entry: fc.Arbitrary<Entry> = fc
  .record({
    id: text(20),
    plate,
    reason: text(200),
    region: optional(fc.constantFrom('US-ID', 'US-UT', 'CA-BC', 'AU-NSW')),
    case: optional(text(20)),
    profile: optional(fc.constantFrom(...PROFILES)),
    purpose: optional(fc.constantFrom(...PURPOSES)),
    expires_at: optional(fc.constantFrom('2026-12-01T00:00:00Z', '2027-01-31T23:59:59.999Z')),
    details: optional(
      fc.record(
        {
          source_id: text(20),
          file_code: text(1),
          entered_on: fc.constant('2026-01-05'),
          instructions: text(300),
          cautions: fc.array(text(30), { maxLength: 3 }),
        },
        { requiredKeys: [] },
      ),
    ),
    vehicle: optional(
      fc.record(
        { make: text(9), year: fc.integer({ min: 1900, max: 2100 }) },
        { requiredKeys: [] },
      ),
    ),
  })
  .map((given) => JSON.parse(JSON.stringify(given)) as Entry)
  .map(({ vehicle = {}, ...rest }) =>
    Object.keys(vehicle).length === 0 ? rest : { ...rest, vehicle },
  )

const list = fc.uniqueArray(entry, { maxLength: 40, selector: ({ id }) => id })

test('a row is read back, and told from one that is cut or goes on', () => {
  fc.assert(
    fc.property(entry, fc.nat(), (one, at) => {
      const row = rowsOf([one])
      expect(decodeRow(row)).toEqual(one)
      for (const other of [row.subarray(0, at % row.length), Buffer.concat([row, row])]) {
        expect(() => decodeRow(other)).toThrow(/Expected the row of one hot-list entry/)
      }
    }),
    { numRuns: 500 },
  )
})

test('each entry is read back by its number, and found by its plate', async () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'list.entries')
  const piece_bytes = fc.integer({ min: 1, max: 400 })
  await fc.assert(
    fc.asyncProperty(list, plate, piece_bytes, async (entries, absent, bytes) => {
      const ordered = await writeEntries(file, entries, { piece_bytes: bytes })
      const opened = new EntryFile(file)
      opened.verify()
      expect(opened.manifest).toEqual(manifestOf(entries.length))
      expect(ordered.map((_, number) => opened.at(number))).toEqual(ordered)
      for (const wanted of new Set([absent, ...ordered.map((one) => one.plate)])) {
        const { from, to } = opened.find(wanted)
        expect(ordered.slice(from, to)).toEqual(ordered.filter((one) => one.plate === wanted))
      }
      opened.close()
    }),
    { numRuns: 200 },
  )
})

test('records hold plate, profile and region as the index builder takes them', async () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'list.entries')
  await fc.assert(
    fc.asyncProperty(list, async (entries) => {
      const ordered = await writeEntries(file, entries)
      const opened = new EntryFile(file)
      const records = Buffer.alloc(ordered.length * ENTRY_RECORD_BYTES)
      opened.readRecords(records)
      const expected = ordered.map(({ plate: chars, profile = 'fold', region = '' }) => {
        const record = Buffer.alloc(ENTRY_RECORD_BYTES)
        record[0] = chars.length
        record.write(chars, 1, 'latin1')
        record[13] = PROFILES.indexOf(profile)
        record.writeUInt32LE(regionCode(region), 16)
        return record
      })
      expect(records).toEqual(Buffer.concat(expected))
      for (const [number, { plate: chars, region = '' }] of ordered.entries()) {
        expect(opened.matched(number)).toEqual({ plate: chars, region: regionCode(region) })
      }
      opened.close()
    }),
    { numRuns: 100 },
  )
})

test('a file that was changed or cut anywhere is told, and never read beyond its end', async () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'list.entries')
  const whole = fc.uniqueArray(entry, { minLength: 1, maxLength: 5, selector: ({ id }) => id })
  await fc.assert(
    fc.asyncProperty(whole, fc.nat(), fc.integer({ min: 1, max: 255 }), async (entries, at, by) => {
      await writeEntries(file, entries)
      const bytes = readFileSync(file)
      const place = at % bytes.length
      writeFileSync(file, bytes.subarray(0, place))
      expect(() => new EntryFile(file)).toThrow(/is damaged/)
      bytes[place] = (bytes[place] as number) ^ by
      writeFileSync(file, bytes)
      expect(() => {
        const opened = new EntryFile(file)
        try {
          opened.verify()
        } finally {
          opened.close()
        }
      }).toThrow(/is damaged/)
    }),
    { numRuns: 300 },
  )
})

test('a file that does not hold what its manifest says is not put in its place', async () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'list.entries')
  const entries = [{ id: 'a', plate: 'KXA7437', reason: 'Stolen' }]
  await expect(writeEntries(file, entries, { manifest: manifestOf(2) })).rejects.toMatchObject({
    code: 'LIST_INCOMPLETE',
    message: 'Expected 2 entries of stolen version 1 in the store but found 1',
  })
  expect(() => new EntryFile(file)).toThrow(/ENOENT/)
})
