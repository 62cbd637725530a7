// Finds the benches: each file of bench/ but the dispatcher and the type.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Bench } from '../bench.ts'

const folder = join(import.meta.dirname, '..')

/** The names of all benches, sorted. */
export function benchNames(): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.ts') && file !== 'run.ts' && file !== 'bench.ts')
    .map((file) => file.slice(0, -'.ts'.length))
    .sort()
}

/** Loads one bench; `name` is one of `benchNames()`. */
export async function loadBench(name: string): Promise<Bench> {
  const file = join(folder, `${name}.ts`)
  const { default: bench } = (await import(pathToFileURL(file).href)) as { default?: Bench }
  if (bench?.name !== name || typeof bench.run !== 'function') {
    throw new Error(`Expected bench/${name}.ts to have a Bench named ${name} as default export`)
  }
  return bench
}
