// Lists of millions for benches, made by the engine itself: as objects they would not fit beside
// what is measured.
import type { HotList } from '../../src/domain/hotlist.ts'
import type { Manifests } from '../../src/hotlists/manifest.ts'
import type { Store } from '../../src/store/client.ts'

const ROWS_PER_INSERT = 500_000
/** Plates of the form LLLDDDD, and a step that shares no factor with their number. */
const PLATES = 26 ** 3 * 10 ** 4
const STEP = 7_368_787

/** The plate of one entry; no two of a list are alike. */
export function bigPlate(entry: number): string {
  const place = Number((BigInt(entry) * BigInt(STEP)) % BigInt(PLATES))
  const letters = Math.floor(place / 10_000)
  const letter = (of: number) => String.fromCharCode(65 + (Math.floor(letters / 26 ** of) % 26))
  return letter(2) + letter(1) + letter(0) + String(place % 10_000).padStart(4, '0')
}

/** Writes a version's entries to the store; it is not in force yet. @returns its manifest */
export async function writeBigList(
  store: Store,
  name: string,
  entries: number,
  version = 1,
): Promise<HotList> {
  const letter = (of: number) => `char(65 + intDiv(letters, ${26 ** of}) % 26)`
  for (let from = 0; from < entries; from += ROWS_PER_INSERT) {
    const rows = Math.min(ROWS_PER_INSERT, entries - from)
    await store.client.command({
      query: `INSERT INTO ${store.database}.hotlist_entries
          (list, version, id, plate, region, reason, case_number, make, model, color, year)
        WITH number * ${STEP} % ${PLATES} AS place, intDiv(place, 10000) AS letters
        SELECT '${name}', ${version}, lower(leftPad(hex(sipHash64(number)), 16, '0')),
          concat(${[2, 1, 0].map(letter).join(', ')}, leftPad(toString(place % 10000), 4, '0')),
          ['US-ID', 'US-UT', 'US-NV', ''][1 + number % 4], 'Stolen vehicle, taken overnight',
          concat('SV-2026-', toString(number)), 'FORD', 'F-150', 'WHI', 2000 + number % 26
        FROM numbers(${from}, ${rows})`,
    })
  }
  return {
    name,
    category: 'stolen_vehicle',
    profile: 'fold+1',
    version,
    entries,
    imported_at: new Date().toISOString(),
  }
}

/** In force is what has a manifest: from here on every process loads it. */
export async function putInForce(manifests: Manifests, list: HotList): Promise<void> {
  const before = await manifests.get(list.name)
  if (before === null) await manifests.create(list.name, list)
  else await manifests.update(list.name, list, before.revision)
}
