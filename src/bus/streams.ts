// The five streams: what each keeps, for how long, and what it does when full.
import {
  DiscardPolicy,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream'
import { errors, nanos } from '@nats-io/transport-node'
import type { Config } from '../config/schema.ts'
import { HotplateError } from '../domain/error.ts'
import type { Bus } from './connection.ts'

export const STREAM = {
  reads: 'READS',
  alerts: 'ALERTS',
  audit: 'AUDIT',
  backlog: 'BACKLOG',
  rejects: 'REJECTS',
} as const

const HOUR_MS = 3_600_000
/** Events of one alert come on one subject; more than these, and the oldest go. */
const ALERT_MESSAGES_MAX = 64
/** Documents, and what the server keeps beside the messages. */
const DOCUMENTS_BYTES_MAX = 1024 * 1024 * 1024
/**
 * The least that the server takes (0 means its default, two minutes). Within this time a second
 * message under the same `Nats-Msg-Id` is acked and dropped, whoever sent the first: Hotplate's
 * publishers send none, and nobody should.
 */
const DUPLICATE_WINDOW_MS = 100
/**
 * Only ingest publishes rejects, under ids of their place in READS: a message that comes again is
 * not rejected twice.
 */
const REJECTS_WINDOW_MS = 120_000

type Stream = keyof typeof STREAM

/** What the streams may fill together, documents included: the embedded server's limit. */
export function storeBytesMax(config: Config): number {
  const streams = Object.values(config.streams)
  return streams.reduce((sum, { bytes_max }) => sum + bytes_max, DOCUMENTS_BYTES_MAX)
}

/**
 * The subject of a camera's reads as a consumer filters it; `partition` is below
 * `ingest.partitions`.
 */
export function readsFilter(partitions: number, partition: number): string {
  return partitions > 1 ? `reads.p.${partition}.*` : 'reads.v1.*'
}

/**
 * Makes the streams, or brings the limits of existing ones to the configuration's. Any number of
 * processes may do so at once.
 * @throws HotplateError JETSTREAM_MISSING when the server has none, STREAM_REFUSED with the
 *   server's reason
 */
export async function ensureStreams(bus: Bus, config: Config): Promise<void> {
  for (const stream of Object.keys(STREAM) as Stream[]) {
    const wanted = describeStream(stream, config)
    try {
      await ensureStream(bus, wanted)
    } catch (cause) {
      throw explain(wanted.name, cause)
    }
  }
}

function describeStream(stream: Stream, config: Config) {
  const { age_hours_max, bytes_max } = config.streams[stream]
  return {
    name: STREAM[stream],
    subjects: subjectsOf(stream, config.ingest.partitions),
    storage: StorageType.File,
    // A row batch goes once the store has it; a read may be asked for again by a consumer that is
    // made anew.
    retention: stream === 'backlog' ? RetentionPolicy.Workqueue : RetentionPolicy.Limits,
    // Refusing the new is back pressure to whoever publishes; only of rejects the oldest may go.
    discard: stream === 'rejects' ? DiscardPolicy.Old : DiscardPolicy.New,
    max_age: nanos(Math.round(age_hours_max * HOUR_MS)),
    max_bytes: bytes_max,
    max_msgs_per_subject: stream === 'alerts' ? ALERT_MESSAGES_MAX : -1,
    // The server's max_payload bounds a message: one too large for us must reach REJECTS, not fail
    // at the camera.
    max_msg_size: -1,
    num_replicas: config.nats.replicas,
    duplicate_window: nanos(stream === 'rejects' ? REJECTS_WINDOW_MS : DUPLICATE_WINDOW_MS),
    allow_direct: true,
  } satisfies Partial<StreamConfig>
}

function subjectsOf(stream: Stream, partitions: number): string[] {
  if (stream === 'reads') return [partitions > 1 ? 'reads.p.*.*' : 'reads.v1.*']
  if (stream === 'alerts') return [alertSubject('*'), alertEventsSubject('*')]
  if (stream === 'audit') return ['audit.v1.*', listEventsSubject('*')]
  return [`${stream}.v1.*`]
}

/** Holds the alert, and never anything else. */
export function alertSubject(id: string): string {
  return `alerts.v1.${id}`
}

/** Holds what happened to the alert since. */
export function alertEventsSubject(id: string): string {
  return `alerts.v1.${id}.events`
}

/** Holds every change of a hot list, of its entries, versions and cleared vehicles. */
export function listEventsSubject(list: string): string {
  return `audit.v1.hotlist.${list}`
}

/** Whether a message on ALERTS is an event of an alert rather than an alert. */
export function isAlertEvent(subject: string): boolean {
  return subject.endsWith('.events')
}

type Wanted = ReturnType<typeof describeStream>

/**
 * Two processes that make the same stream at once each reserve its size: the server may refuse one
 * of them, or both, for a moment, so a refusal counts only when it stays.
 */
async function ensureStream(bus: Bus, wanted: Wanted): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await addOrUpdate(bus, wanted)
    } catch (error) {
      const passing = PASSING.some((code) => isApiError(error, code))
      if (!passing || attempt === ATTEMPTS_MAX) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 100))
  }
}

async function addOrUpdate(bus: Bus, wanted: Wanted): Promise<void> {
  try {
    const { config } = await bus.jsm.streams.info(wanted.name)
    if (!sameLimits(config, wanted)) await bus.jsm.streams.update(wanted.name, wanted)
  } catch (error) {
    if (!isApiError(error, STREAM_NOT_FOUND)) throw error
    await bus.jsm.streams.add(wanted)
  }
}

function sameLimits(config: StreamConfig, wanted: Wanted): boolean {
  return Object.entries(wanted).every(
    ([name, value]) =>
      JSON.stringify(config[name as keyof StreamConfig] ?? false) === JSON.stringify(value),
  )
}

const STREAM_NOT_FOUND = 10_059
const STREAM_NAME_IN_USE = 10_058
const STORAGE_SHORT = 10_047
const PASSING = [STREAM_NAME_IN_USE, STORAGE_SHORT]
const ATTEMPTS_MAX = 5
const NOT_ENABLED = [10_076, 10_039]

function isApiError(error: unknown, code: number): boolean {
  return error instanceof JetStreamApiError && error.code === code
}

function explain(name: string, cause: unknown): HotplateError {
  if (NOT_ENABLED.some((code) => isApiError(cause, code)) || isNoResponders(cause)) {
    return new HotplateError(
      'JETSTREAM_MISSING',
      'The NATS server has JetStream switched off for this user:' +
        ' switch it on, or set nats.url to one that has it',
      { cause },
    )
  }
  const why = cause instanceof Error ? cause.message : String(cause)
  return new HotplateError(
    'STREAM_REFUSED',
    `NATS refuses the stream ${name} (${why}):` +
      " check streams.*, nats.replicas and the server's storage limits",
    { cause },
  )
}

function isNoResponders(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof errors.NoRespondersError) return true
  return error.name === 'JetStreamNotEnabled' || isNoResponders(error.cause)
}

/**
 * Frees what lies before `sequence` (that one stays): streams here don't forget what their
 * consumers acked, and a full one refuses new messages.
 */
export async function trimBefore(bus: Bus, stream: string, sequence: number): Promise<void> {
  await bus.jsm.streams.purge(stream, { seq: sequence })
}
