// `hotplate model fit`: learns how an agency's own engines misread, from plates that people have
// read too: of a file, or of the alerts that they have verified. Only counts get into the model.
import { createReadStream, existsSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { fileURLToPath } from 'node:url'
import { createGunzip } from 'node:zlib'
import { type Command, InvalidArgumentError } from 'commander'
import { parse } from 'csv-parse'
import { createAudit } from '../access/audit.ts'
import { verifiedReadings } from '../alerts/verified-readings.ts'
import { HotplateError } from '../domain/error.ts'
import { foldPlate } from '../domain/plate.ts'
import type { LabelledReading } from '../matching/fit-evidence.ts'
import { fitModel } from '../matching/fit-model.ts'
import { heldOutLikelihood } from '../matching/likelihood.ts'
import { loadLookAlikes } from '../matching/look-alikes.ts'
import { checkModel, loadModel, MODELS_FOLDER } from '../matching/model.ts'
import { joinPlatform } from '../platform.ts'
import { parseCandidates, share } from '../simulate/readings.ts'
import { createLog } from '../telemetry/log.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { type CommonOptions, configOf } from './run.ts'
import { type Row, table } from './table.ts'

/** The model that all others are held against. */
const GENERAL = 'general'
/** Fewer say less of the engine than the general model knows already. */
const WRONG_READINGS_MIN = 200
/** Misreads of a few plates are of their characters only. */
const PLATES_MIN = 50
const COLUMNS = ['true_plate', 'read_plate'] as const

interface FitFlags extends CommonOptions {
  alerts?: boolean
  forms?: boolean
  name: string
  source?: string
  out?: string
}

type LabelledRow = Record<(typeof COLUMNS)[number], string> & {
  /** 0 to 100 */
  confidence?: string
  /** `text:confidence|…`, best first */
  candidates?: string
}

interface Labelled {
  readings: LabelledReading[]
  /** Rows with something that is no plate. */
  left_out: number
}

export function registerModel(program: Command): void {
  program
    .command('model')
    .description('models of misreads')
    .command('fit')
    .description('learns one from readings whose true plates are known, and says if it is better')
    .argument('[file]', 'CSV, or CSV.gz: true_plate, read_plate; confidence, candidates if there')
    .requiredOption('--name <NAME>', 'its name: 1 to 64 of a-z, 0-9 and -', modelName)
    .option('--alerts', 'learn from the alerts that people have verified, instead of a file')
    .option('--forms', 'learn how common each form of plates is: for cameras of these issuers only')
    .option('--source <TEXT>', 'what the readings are, for the model to tell')
    .option('--out <FILE>', 'write it there instead of config/models/NAME.json')
    .option('--config <FILE>', 'YAML file with settings, for --alerts')
    .option('--data <DIR>', 'folder for all data (./data), for --alerts')
    .action(async (file: string | undefined, flags: FitFlags) => {
      process.stdout.write(await learn(file, flags))
    })
}

function modelName(text: string): string {
  if (/^[a-z0-9-]{1,64}$/.test(text)) return text
  throw new InvalidArgumentError(`Expected 1 to 64 of a-z, 0-9 and - but received ${text}.`)
}

/** @returns the text to print */
async function learn(file: string | undefined, flags: FitFlags): Promise<string> {
  const { name, source, out, forms = false } = flags
  const classes = loadLookAlikes()
  const general = loadModel(GENERAL)
  const { readings, left_out } = await labelledOf(file, flags)
  const plates = new Set(readings.map(({ true_plate }) => true_plate)).size
  const wrong = readings.filter(({ true_plate, read_plate }) => true_plate !== read_plate).length
  assertEnough(wrong, plates)
  const options = { name, source: source ?? `${counted(plates)} plates`, classes, forms }
  const held_out = heldOutLikelihood(readings, general, classes, (part) => fitModel(part, options))
  const target = out ?? fileURLToPath(new URL(`${name}.json`, MODELS_FOLDER))
  const learnt = fitModel(readings, options)
  // What confidences tell can be learnt where they came only.
  const is_told = readings.some((one) => one.confidence != null || one.candidates?.length)
  const known = is_told ? learnt.evidence : general.evidence
  const evidence = { ...known, forms: learnt.evidence.forms }
  const model = checkModel({ ...learnt, version: versionOf(name), evidence }, name)
  write(`${JSON.stringify(model, null, 2)}\n`, target)
  const { fitted, other } = held_out
  const rows: Row[] = [
    ['Readings', `${counted(readings.length)} of ${counted(plates)} plates`],
    ['Wrong', counted(wrong)],
    ['Left out', `${counted(left_out)}, where one is no plate`],
    ['Held out', `${fitted.toFixed(4)} nats a reading, on plates that it was not fitted on`],
    ['General', `${other.toFixed(4)} nats a reading, of version ${general.version} on the same`],
    ['Verdict', fitted > other ? 'better than the general model' : NO_BETTER],
    ['Written', `${target}, version ${model.version}`],
  ]
  return `${table(rows)}\n${USE}\n`
}

const NO_BETTER = 'no better than the general model: keep to that one'
const USE = 'Name it in matching.model, or in matching.models for its cameras.'

function labelledOf(file: string | undefined, flags: FitFlags): Promise<Labelled> {
  if (file !== undefined && !flags.alerts) return readLabelled(file)
  if (file === undefined && flags.alerts) return readVerified(flags)
  throw new HotplateError('USAGE', 'Expected either a file or --alerts')
}

/** On record before an alert is looked at, as any access to reads. */
async function readVerified(flags: FitFlags): Promise<Labelled> {
  const platform = await joinPlatform({
    config: configOf(flags),
    kind: 'any',
    log: createLog('warn'),
    metrics: createMetrics(),
    name: 'hotplate-model',
  })
  try {
    await createAudit(platform.bus).record({
      who: userInfo().username,
      from: 'command line',
      what: 'model_fit',
      object: flags.name,
      detail: 'verified alerts',
      outcome: 'ok',
    })
    return { readings: await verifiedReadings(platform.bus), left_out: 0 }
  } finally {
    await platform.stop()
  }
}

/** @throws HotplateError READINGS_INVALID */
async function readLabelled(file: string): Promise<Labelled> {
  const labelled: Labelled = { readings: [], left_out: 0 }
  const input = createReadStream(file)
  const parser = parse({ bom: true, skip_empty_lines: true, columns: assertColumns })
  const unpacked = file.endsWith('.gz') ? input.pipe(createGunzip()) : input
  // A pipe passes no errors on.
  for (const stream of [input, unpacked]) {
    stream.once('error', (error: Error) => parser.destroy(error))
  }
  try {
    for await (const row of unpacked.pipe(parser)) {
      const given = row as LabelledRow
      const true_plate = foldPlate(given.true_plate)
      const read_plate = foldPlate(given.read_plate)
      if (true_plate === null || read_plate === null) labelled.left_out += 1
      else {
        const confidence = share(given.confidence ?? '')
        const candidates = parseCandidates(given.candidates ?? '', read_plate)
        labelled.readings.push({ true_plate, read_plate, confidence, candidates })
      }
    }
  } catch (cause) {
    if (cause instanceof HotplateError) throw cause
    throw invalid(`Readings in ${file} can't be read: ${(cause as Error).message}`, cause)
  }
  return labelled
}

function assertColumns(header: string[]): string[] {
  const missing = COLUMNS.find((name) => !header.includes(name))
  if (missing === undefined) return header
  throw invalid(`Readings: expected a column ${missing} in the header line`)
}

function assertEnough(wrong: number, plates: number): void {
  if (wrong < WRONG_READINGS_MIN) {
    throw invalid(
      `Expected at least ${WRONG_READINGS_MIN} wrong readings but found ${wrong}: ` +
        'fewer tell less than the general model knows',
    )
  }
  if (plates < PLATES_MIN) {
    throw invalid(`Expected readings of at least ${PLATES_MIN} plates but found ${plates}`)
  }
}

/** One more than that of the model in force by this name. */
function versionOf(name: string): number {
  const is_known = existsSync(new URL(`${name}.json`, MODELS_FOLDER))
  return is_known ? loadModel(name).version + 1 : 1
}

function write(text: string, file: string): void {
  try {
    writeFileSync(file, text)
  } catch (cause) {
    const reason = (cause as Error).message
    throw new HotplateError('MODEL_NOT_WRITTEN', `The model can't be written: ${reason}`, { cause })
  }
}

function counted(count: number): string {
  return count.toLocaleString('en')
}

function invalid(message: string, cause?: unknown): HotplateError {
  return new HotplateError('READINGS_INVALID', message, { cause })
}
