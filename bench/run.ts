// `npm run bench`: lists the benches; `npm run bench -- <name>` runs one.
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { HotplateError } from '../src/domain/error.ts'
import type { Bench, BenchOptions } from './bench.ts'
import { compareBench } from './lib/compare.ts'
import { benchNames, loadBench } from './lib/load.ts'
import { describeMachine, machineLine } from './lib/machine.ts'
import { cell, table } from './lib/table.ts'

const PAIRS = 3
const USAGE =
  'npm run bench -- <name> [--json] [--rate R] [--readings FILE] [--compare REF]' +
  ' [--scale S] [--cross-validate] [--tiny]'

interface Request {
  name: string | undefined
  compare: string | undefined
  options: BenchOptions
}

function readArguments(args: string[]): Request {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        tiny: { type: 'boolean', default: false },
        rate: { type: 'string' },
        readings: { type: 'string' },
        scale: { type: 'string' },
        'cross-validate': { type: 'boolean', default: false },
        compare: { type: 'string' },
      },
    })
    const { json, tiny, readings } = values
    const options: BenchOptions = { json, tiny, cross_validate: values['cross-validate'] }
    if (values.rate !== undefined) options.rate = positive('--rate', values.rate)
    if (values.scale !== undefined) options.scale = positive('--scale', values.scale)
    if (readings !== undefined) options.readings = resolve(readings)
    if (positionals.length > 1) throw new Error(`Expected one bench but received ${positionals}`)
    return { name: positionals[0], compare: values.compare, options }
  } catch (cause) {
    const { message } = cause as Error
    throw new HotplateError('ARGUMENTS_INVALID', `${message}. Usage: ${USAGE}`, { cause })
  }
}

function positive(option: string, text: string): number {
  const value = Number(text)
  if (Number.isFinite(value) && value > 0) return value
  throw new Error(`Expected a number above 0 for ${option} but received ${text}`)
}

async function list(): Promise<void> {
  const names = benchNames()
  const width = Math.max(...names.map((name) => name.length))
  for (const { name, question } of await Promise.all(names.map(loadBench))) {
    console.log(`${name.padEnd(width)}  ${question}`)
  }
  console.log(`\n${USAGE}`)
}

async function run(bench: Bench, options: BenchOptions): Promise<void> {
  const result = await bench.run(options)
  const machine = describeMachine()
  if (options.json) {
    console.log(JSON.stringify({ bench: bench.name, ...result, machine }))
    return
  }
  console.log(`${bench.name}: ${bench.question}\n`)
  console.log(table(Object.entries(result).map(([field, value]) => [field, cell(value)])))
  console.log(`\n${machineLine(machine)}`)
}

async function compare(name: string, ref: string, options: BenchOptions): Promise<void> {
  const { json, tiny, rate, readings, scale, cross_validate } = options
  const args = [
    ...(tiny ? ['--tiny'] : []),
    ...(cross_validate ? ['--cross-validate'] : []),
    ...(rate === undefined ? [] : ['--rate', String(rate)]),
    ...(readings === undefined ? [] : ['--readings', readings]),
    ...(scale === undefined ? [] : ['--scale', String(scale)]),
  ]
  const comparison = await compareBench({
    root: join(import.meta.dirname, '..'),
    name,
    ref,
    args,
    pairs: PAIRS,
    onRun: (side, result) =>
      console.error(`${side === 'here' ? 'here' : ref}: ${JSON.stringify(result)}`),
  })
  const { there, here, ratio } = comparison
  if (json) {
    const machine = describeMachine()
    console.log(JSON.stringify({ bench: name, compare: ref, ...comparison, machine }))
    return
  }
  const rows = Object.keys(here).map((field) => {
    const quotient = ratio[field]
    const told = quotient === undefined ? '' : quotient.toFixed(2)
    return [field, cell(there[field] ?? ''), cell(here[field]), told]
  })
  console.log(table([[`median of ${PAIRS}`, ref, 'here', 'here / there'], ...rows]))
  console.log(`\n${machineLine(describeMachine())}`)
}

async function main(): Promise<void> {
  const { name, compare: ref, options } = readArguments(process.argv.slice(2))
  if (name === undefined) return list()
  const names = benchNames()
  if (!names.includes(name)) {
    const known = names.join(', ')
    throw new HotplateError('BENCH_UNKNOWN', `Expected one of ${known} but received ${name}`)
  }
  if (ref !== undefined) return compare(name, ref, options)
  return run(await loadBench(name), options)
}

try {
  await main()
  // A handle that a bench left open must not keep a finished run waiting.
  process.exit(0)
} catch (error) {
  console.error(error instanceof HotplateError ? `bench: ${error.message}` : error)
  process.exit(1)
}
