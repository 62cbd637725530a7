// What cameras and lists call a vehicle's traits: config/vehicles.yaml, as tables to look up in.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { z } from 'zod'
import { HotplateError } from '../domain/error.ts'

const VEHICLES_FILE = fileURLToPath(new URL('../../config/vehicles.yaml', import.meta.url))

const names = z.record(z.string(), z.array(z.string()))
const traitSchema = z.strictObject({ words: names, near: names, unclear: names })
const years = z.coerce.number().int().min(0).max(100)

const fileSchema = z.strictObject({
  nothing: z.array(z.string()),
  color: traitSchema,
  make: traitSchema,
  model: traitSchema,
  type: traitSchema,
  year: z
    .strictObject({ agree_years_max: years, differ_years_min: years })
    .refine((year) => year.differ_years_min > year.agree_years_max, {
      error: 'expected differ_years_min above agree_years_max',
    }),
})

export interface TraitTable {
  /** Names by each word in its {@link plainForm}, the name itself among them. */
  names: ReadonlyMap<string, ReadonlySet<string>>
  /** Pairs of names in both orders, see {@link pairOf}. */
  near: ReadonlySet<string>
  unclear: ReadonlySet<string>
}

export interface VehicleTable {
  /** Plain forms that say nothing. */
  nothing: ReadonlySet<string>
  traits: Readonly<Record<'color' | 'make' | 'model' | 'type', TraitTable>>
  year: { agree_years_max: number; differ_years_min: number }
}

/**
 * The form in which words are compared: upper case, letters and digits alone, O as zero (the
 * federal extract writes it so in its codes too).
 */
export function plainForm(text: string): string {
  return text
    .toUpperCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '')
    .replaceAll('O', '0')
}

export function pairOf(name: string, other: string): string {
  return `${name}/${other}`
}

/**
 * The tables of config/vehicles.yaml, or of another file of that form.
 * @throws HotplateError VEHICLES_INVALID
 */
export function loadVehicleTable(file: string = VEHICLES_FILE): VehicleTable {
  try {
    const { nothing, year, ...traits } = fileSchema.parse(
      parse(readFileSync(file, 'utf8'), { schema: 'failsafe' }),
    )
    return {
      nothing: new Set(nothing.map(plainForm)),
      traits: {
        color: tableOf(traits.color),
        make: tableOf(traits.make),
        model: tableOf(traits.model),
        type: tableOf(traits.type),
      },
      year,
    }
  } catch (cause) {
    const what = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message
    throw new HotplateError(
      'VEHICLES_INVALID',
      `Vehicle words in ${file}: ${what.replaceAll('\n', ' ')}`,
      { cause },
    )
  }
}

function tableOf({ words, near, unclear }: z.infer<typeof traitSchema>): TraitTable {
  const by_word = new Map<string, Set<string>>()
  for (const [name, others] of Object.entries(words)) {
    for (const word of [name, ...others]) {
      const plain = plainForm(word)
      by_word.set(plain, (by_word.get(plain) ?? new Set()).add(name))
    }
  }
  return { names: by_word, near: pairsOf(near, words), unclear: pairsOf(unclear, words) }
}

function pairsOf(
  relation: Readonly<Record<string, string[]>>,
  words: Readonly<Record<string, string[]>>,
): Set<string> {
  const pairs = new Set<string>()
  for (const [name, others] of Object.entries(relation)) {
    for (const other of others) {
      for (const known of [name, other]) {
        if (!Object.hasOwn(words, known)) throw new Error(`expected a name of words, not ${known}`)
      }
      pairs.add(pairOf(name, other)).add(pairOf(other, name))
    }
  }
  return pairs
}
