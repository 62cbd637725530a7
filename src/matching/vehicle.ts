// The vehicle as evidence: what the camera saw against what the list says, trait by trait.
import {
  type TraitCompared,
  VEHICLE_TRAITS,
  type VehicleCompared,
  type VehicleTrait,
} from '../domain/alert.ts'
import type { VehicleListed } from '../domain/hotlist.ts'
import type { VehicleSeen } from '../domain/read.ts'

/** Compares only what both sides tell; different words may still mean the same. */
export function compareVehicles(
  seen: VehicleSeen | null,
  listed: VehicleListed | undefined,
): VehicleCompared {
  const traits = VEHICLE_TRAITS.map((trait) => [
    trait,
    compareTrait(trait, String(seen?.[trait] ?? ''), String(listed?.[trait] ?? '')),
  ])
  return Object.fromEntries(traits) as VehicleCompared
}

function compareTrait(trait: VehicleTrait, seen: string, listed: string): TraitCompared {
  if (seen === '' || listed === '') return { verdict: 'unknown', seen, listed }
  if (zeroForm(seen) === zeroForm(listed)) return { verdict: 'agree', seen, listed }
  return { verdict: trait === 'year' ? 'differ' : 'unknown', seen, listed }
}

/** The federal extract writes the letter O as zero in its codes too. */
function zeroForm(text: string): string {
  return text.trim().toUpperCase().replaceAll('O', '0')
}
