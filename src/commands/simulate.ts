// `hotplate simulate`: publishes the reads of a simulated camera network, replays a file, or
// converts labelled readings.
import { createReadStream } from 'node:fs'
import { type Command, InvalidArgumentError } from 'commander'
import { connectBus } from '../bus/connection.ts'
import { type NatsCredentials, readNatsCredentials } from '../bus/credentials.ts'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { HotplateError } from '../domain/error.ts'
import { collectList, listFormat } from '../formats/hotlists/formats.ts'
import { loadLookAlikes } from '../matching/look-alikes.ts'
import { loadModel } from '../matching/model.ts'
import { jetStreamPublish, type PublishCounts } from '../simulate/publish.ts'
import { convertReadings } from '../simulate/readings.ts'
import { readReadings, writeReadings } from '../simulate/readings-files.ts'
import { replayFile } from '../simulate/replay.ts'
import { startSimulation } from '../simulate/simulate.ts'
import type { ListedVehicle } from '../simulate/vehicles.ts'
import { createLog } from '../telemetry/log.ts'

interface Flags {
  config?: string
  cameras: number
  rate: number
  byHour?: boolean
  seconds?: number
  batch: number
  images: number
  hotlist?: string
  listedShare: number
  seed: number
  file?: string
  nats?: string
  user?: string
  password?: string
  readings?: string
  out?: string
  entries: number
}

const BATCH_READS_MAX = 10_000
/** Lines of a replayed file that are named one by one. */
const SKIPPED_SHOWN_MAX = 100

export function registerSimulate(program: Command): void {
  program
    .command('simulate')
    .description('publish the reads of a simulated camera network, or of a file')
    .option('--config <file>', 'configuration, for the address and users of NATS')
    .option('--cameras <n>', 'cameras in the network', whole(1, 25_000), 40)
    .option('--rate <reads/s>', 'mean rate; 0: as fast as acks allow', between(0, 1e6), 20)
    .option('--by-hour', 'let the rate follow the hour of the day; without it the rate is steady')
    .option('--seconds <s>', 'end after this time', between(0.001, 1e9))
    .option('--batch <n>', 'reads to a message (NDJSON)', whole(1, BATCH_READS_MAX), 1)
    .option('--images <share>', 'share of reads with a drawn plate picture', between(0, 1), 0)
    .option('--hotlist <file>', 'CSV list whose vehicles are to be on the road')
    .option('--listed-share <share>', 'share of journeys by these', between(0, 1), 1 / 2_000)
    .option('--seed <n>', 'same seed, same traffic', whole(0, Number.MAX_SAFE_INTEGER), 1)
    .option('--file <reads.ndjson>', 'publish these reads instead, a line each')
    .option('--nats <url>', "NATS server; by default the data folder's, or nats.url")
    .option('--user <name>', 'NATS user (also nats.user, HOTPLATE_NATS__USER)')
    .option('--password <text>', 'better by HOTPLATE_NATS__PASSWORD_FILE: others see arguments')
    .option('--readings <file>', 'convert labelled readings (CSV, .gz) into --out, publish nothing')
    .option('--out <folder>', 'for --readings; outside the project')
    .option('--entries <n>', 'for --readings: size of the hot list', whole(1, 5_000_000), 100_000)
    .action(async (flags: Flags) => {
      process.exitCode = flags.readings === undefined ? await publish(flags) : convert(flags)
    })
}

async function publish(flags: Flags): Promise<number> {
  const config = loadConfig(flags.config)
  const ended = new AbortController()
  const end = () => ended.abort()
  process.once('SIGINT', end).once('SIGTERM', end)
  try {
    return await publishUntil(flags, config, ended.signal)
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end)
  }
}

async function publishUntil(flags: Flags, config: Config, signal: AbortSignal): Promise<number> {
  const log = createLog(config.log.level, 'hotplate-simulate')
  const listed = flags.hotlist === undefined ? [] : await readListed(flags.hotlist)
  const bus = await connectBus({ ...connectionOf(flags, config), name: 'hotplate-simulate' })
  const start_ms = performance.now()
  let counts: PublishCounts
  let skipped = 0
  try {
    if (flags.file !== undefined) {
      const replayed = await replayFile({
        publish: jetStreamPublish(bus.nc),
        file: flags.file,
        rate_reads_s: flags.rate,
        batch: flags.batch,
        onSkipped: (line, why) => {
          if (++skipped <= SKIPPED_SHOWN_MAX) console.error(`Line ${line} skipped: ${why}`)
        },
        signal,
        log,
      })
      counts = replayed
    } else {
      counts = await startSimulation({
        publish: jetStreamPublish(bus.nc),
        cameras: flags.cameras,
        rate_reads_s: flags.rate,
        model: loadModel(config.matching.model),
        seed: flags.seed,
        batch: flags.batch,
        images_share: flags.images,
        listed,
        listed_share: flags.listedShare,
        by_hour: flags.byHour ?? false,
        ...(flags.seconds === undefined ? {} : { seconds: flags.seconds }),
        signal,
        log,
      }).done
    }
  } finally {
    await bus.close()
  }
  console.log(summary(counts, skipped, (performance.now() - start_ms) / 1_000))
  return counts.reads_failed > 0 || skipped > 0 ? 1 : 0
}

function summary(counts: PublishCounts, skipped: number, seconds: number): string {
  const { reads_sent, reads_acked, reads_failed, messages_resent } = counts
  return (
    `Published ${reads_sent} reads in ${seconds.toFixed(1)} s: ${reads_acked} acked, ` +
    `${reads_failed} failed, ${messages_resent} messages sent again, ${skipped} lines skipped.`
  )
}

function connectionOf(flags: Flags, config: Config) {
  const { nats, data_dir } = config
  const ca = nats.ca_file === null ? {} : { ca_file: nats.ca_file }
  const servers = flags.nats ?? nats.url
  const user = flags.user ?? nats.user
  const password = flags.password ?? nats.password
  if (servers !== null && user !== null) {
    return { servers, user, ...(password === null ? {} : { password }), ...ca }
  }
  // The data folder's camera user is for its own server only: its password goes nowhere else.
  const known = servers === null ? readNatsCredentials(data_dir) : knownServer(servers, data_dir)
  return known === null
    ? { servers: servers as string, ...ca }
    : { servers: known.url, ...known.camera, ...ca }
}

function knownServer(servers: string, data_dir: string): NatsCredentials | null {
  try {
    const known = readNatsCredentials(data_dir)
    return known.url === servers ? known : null
  } catch (error) {
    if (error instanceof HotplateError && error.code === 'NATS_NOT_STARTED') return null
    throw error
  }
}

async function readListed(file: string): Promise<ListedVehicle[]> {
  const { entries, bad } = await collectList(listFormat('csv').parse(createReadStream(file)))
  const [first] = bad
  if (first !== undefined) {
    const { line, expected, column, came } = first
    throw new HotplateError(
      'LIST_UNREADABLE',
      `Line ${line} of ${file}: expected ${expected} for ${column} but found ${came}`,
    )
  }
  return entries
}

function convert(flags: Flags): number {
  if (flags.readings === undefined || flags.out === undefined) {
    throw new HotplateError('USAGE', 'Expected --out <folder> with --readings')
  }
  const converted = convertReadings(readReadings(flags.readings), {
    seed: flags.seed,
    list_entries: flags.entries,
    classes: loadLookAlikes(),
    now_ms: Date.now(),
  })
  writeReadings(converted, flags.out)
  const { rows, left_out, misread } = converted.counts
  console.log(
    `Converted ${rows - left_out} of ${rows} readings (${misread} misread, ${left_out} left out) ` +
      `and ${converted.entries.length} entries into ${flags.out}.`,
  )
  return 0
}

function whole(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (Number.isInteger(value) && value >= low && value <= high) return value
    throw new InvalidArgumentError(`Expected a whole number from ${low} to ${high}.`)
  }
}

function between(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text)
    if (value >= low && value <= high) return value
    throw new InvalidArgumentError(`Expected a number from ${low} to ${high}.`)
  }
}
