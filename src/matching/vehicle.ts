// The vehicle as evidence: what the camera saw against what the list says, trait by trait. It is
// for the person who verifies: cameras are often wrong about vehicles, and lists are often old.
import {
  type TraitCompared,
  VEHICLE_TRAITS,
  type VehicleCompared,
  type VehicleTrait,
} from '../domain/alert.ts'
import type { VehicleListed } from '../domain/hotlist.ts'
import type { VehicleSeen } from '../domain/read.ts'
import { pairOf, plainForm, type TraitTable, type VehicleTable } from './vehicle-table.ts'

type Verdict = TraitCompared['verdict']

/** Two-tone paint and compound words: `WHI/BLK`, `silver-gray`, `blue metallic`. */
const PARTS = /[\s/,;&+-]+/
/** Codes for models are the first three characters of their names. */
const ABBREVIATION_CHARS_MIN = 3

/**
 * Compares only what both sides tell. A word that the table does not have is unknown; it never
 * differs.
 * @param seen null where the camera told nothing
 */
export function compareVehicles(
  table: VehicleTable,
  seen: VehicleSeen | null,
  listed: VehicleListed | undefined,
): VehicleCompared {
  const traits = VEHICLE_TRAITS.map((trait) => {
    const both = { seen: String(seen?.[trait] ?? ''), listed: String(listed?.[trait] ?? '') }
    return [trait, { verdict: verdictOf(table, trait, both.seen, both.listed), ...both }]
  })
  const compared = Object.fromEntries(traits) as VehicleCompared
  // A model's beginning says something of one make only: `CAM` is a Camry, and a Camaro.
  const { make, model } = compared
  const abbreviated = plainForm(model.seen) !== plainForm(model.listed)
  if (make.verdict === 'differ' && model.verdict === 'agree' && abbreviated) {
    compared.model = { ...model, verdict: 'unknown' }
  }
  return compared
}

function verdictOf(table: VehicleTable, trait: VehicleTrait, seen: string, listed: string) {
  const [a, b] = [plainForm(seen), plainForm(listed)]
  const silent = (plain: string) => plain === '' || table.nothing.has(plain)
  if (silent(a) || silent(b)) return 'unknown'
  if (a === b) return 'agree'
  switch (trait) {
    case 'year':
      return yearVerdict(table, Number(a), Number(b))
    case 'model':
      if (abbreviates(a, b) || abbreviates(b, a)) return 'agree'
      return verdictOfNames(table.traits.model, [a], [b])
    case 'make':
      return verdictOfNames(table.traits.make, [a], [b])
    case 'color':
    case 'type':
      return verdictOfNames(
        table.traits[trait],
        partsOf(table.traits[trait], seen),
        partsOf(table.traits[trait], listed),
      )
  }
}

function yearVerdict({ year }: VehicleTable, seen: number, listed: number): Verdict {
  const off_years = Math.abs(seen - listed)
  if (off_years <= year.agree_years_max) return 'agree'
  return off_years >= year.differ_years_min ? 'differ' : 'unknown'
}

function abbreviates(short: string, long: string): boolean {
  return short.length >= ABBREVIATION_CHARS_MIN && long.startsWith(short)
}

/** The words of a text in their plain form: itself where the table has it, else its parts. */
function partsOf(table: TraitTable, text: string): string[] {
  const whole = plainForm(text)
  if (table.names.has(whole)) return [whole]
  return text
    .split(PARTS)
    .map(plainForm)
    .filter((part) => part !== '')
}

/**
 * Agrees where any of one side's names is one of the other's, or near it; differs where all words
 * are known and no pair of names could be taken for each other.
 */
function verdictOfNames(table: TraitTable, seen: string[], listed: string[]): Verdict {
  const pairs = namesOf(table, seen).flatMap((a) =>
    namesOf(table, listed).map((b) => ({ same: a === b, pair: pairOf(a, b) })),
  )
  if (pairs.some(({ same, pair }) => same || table.near.has(pair))) return 'agree'
  const known = [...seen, ...listed].every((word) => table.names.has(word))
  return known && !pairs.some(({ pair }) => table.unclear.has(pair)) ? 'differ' : 'unknown'
}

function namesOf(table: TraitTable, words: readonly string[]): string[] {
  return words.flatMap((word) => [...(table.names.get(word) ?? [])])
}
