// Every setting, its default, its limits, its unit (last in its name). config/default.yaml explains
// each in words.
import { z } from 'zod'

const port = z.int().min(1).max(65_535)
const MIB = 1024 * 1024
const GIB = 1024 * MIB

const streamLimits = (age_hours_max: number, bytes_max: number) =>
  z
    .object({
      age_hours_max: z.number().positive().default(age_hours_max),
      bytes_max: z.int().min(MIB).default(bytes_max),
    })
    .prefault({})

const modelName = z.string().regex(/^[a-z0-9-]{1,64}$/)

function isExpression(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp
  } catch {
    return false
  }
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** `lists.example.gov`, with a port where it is not the usual one. */
const feedHost = z
  .string()
  .regex(/^[a-z0-9.:[\]-]{1,260}$/, 'expected a host in lower case, with a port or without')

const feedAccount = z.strictObject({
  user: z.string().min(1).exactOptional(),
  password: z.string().exactOptional(),
  token: z.string().min(1).exactOptional(),
  private_key: z.string().min(1).exactOptional(),
  /** Of zip archives. */
  archive_password: z.string().min(1).exactOptional(),
})

export const configSchema = z.strictObject({
  agency: z
    .strictObject({
      /** Of the IANA data base; null: the machine's. */
      time_zone: z
        .string()
        .refine(isTimeZone, 'expected a time zone such as America/Boise')
        .nullable()
        .default(null),
    })
    .prefault({}),
  data_dir: z.string().min(1).default('./data'),
  nats: z
    .strictObject({
      /** null: the embedded server */
      url: z.string().nullable().default(null),
      port: port.default(4322),
      user: z.string().nullable().default(null),
      password: z.string().nullable().default(null),
      ca_file: z.string().nullable().default(null),
      payload_bytes_max: z
        .int()
        .min(MIB)
        .max(64 * MIB)
        .default(8 * MIB),
      replicas: z.int().min(1).max(5).default(1),
      /** Embedded server: sync each write before its ack. Needs nats-server 2.10. */
      sync_always: z.boolean().default(false),
    })
    .prefault({}),
  clickhouse: z
    .strictObject({
      /** null: the embedded engine */
      url: z.string().nullable().default(null),
      port: port.default(8124),
      user: z.string().default('default'),
      password: z.string().nullable().default(null),
      database: z
        .string()
        .regex(/^[a-z_][a-z0-9_]*$/)
        .default('hotplate'),
      /** Set to write the schema in its Replicated form, `ON CLUSTER` this name. */
      cluster: z
        .string()
        .regex(/^[A-Za-z0-9_-]+$/)
        .nullable()
        .default(null),
      query_s_max: z.int().positive().default(60),
      query_bytes_max: z
        .int()
        .positive()
        .default(2 * GIB),
    })
    .prefault({}),
  streams: z
    .strictObject({
      /** Reads that no puller has taken yet; trimmed behind the acknowledged ones. */
      reads: streamLimits(48, 8 * GIB),
      alerts: streamLimits(30 * 24, 2 * GIB),
      audit: streamLimits(400 * 24, 2 * GIB),
      backlog: streamLimits(30 * 24, 16 * GIB),
      rejects: streamLimits(7 * 24, 256 * MIB),
    })
    .prefault({}),
  ingest: z
    .strictObject({
      partitions: z.int().min(1).max(64).default(1),
      workers: z.int().min(1).max(64).default(1),
      batch_messages_max: z.int().positive().default(2_000),
      batch_bytes_max: z
        .int()
        .positive()
        .default(2 * MIB),
      batch_wait_ms_max: z.int().min(0).default(4),
      batches_in_work_max: z.int().positive().default(4),
      rows_per_insert_max: z.int().positive().default(100_000),
      rows_bytes_max: z
        .int()
        .positive()
        .default(20 * MIB),
      backlog_message_bytes_max: z
        .int()
        .positive()
        .default(6 * MIB),
      rows_wait_ms_max: z.int().positive().default(1_000),
      insert_wait_ms_max: z.int().positive().default(4_000),
      ack_pending_max: z.int().positive().default(300_000),
      pull_bytes_max: z
        .int()
        .positive()
        .default(16 * MIB),
      lease_ms: z.int().min(500).default(3_000),
      message_bytes_max: z
        .int()
        .positive()
        .default(4 * MIB),
      reads_per_message_max: z.int().positive().default(10_000),
      image_bytes_max: z.int().positive().default(MIB),
    })
    .prefault({}),
  alerts: z
    .strictObject({
      /** Reads of one entry at one camera within this time of the first are one vehicle passage. */
      passage_s: z.int().positive().default(30),
    })
    .prefault({}),
  matching: z
    .strictObject({
      model: modelName.default('general'),
      /** Models of single cameras, by id or by the beginning of one (`gate-*`). */
      models: z.record(z.string().regex(/^[a-z0-9-]{1,64}\*?$/), modelName).default({}),
      /**
       * Shorter plates are matched by `fold` at most: one edit of four characters is another plate.
       */
      edit_chars_min: z.int().min(2).default(5),
      /** Budget of a list that has none of its own. */
      false_alerts_per_million_max: z.number().positive().max(1_000_000).default(100),
      /** The budget is held against what was counted in this time. */
      false_alerts_days: z.int().min(1).max(366).default(90),
      false_alerts_every_s: z.int().positive().default(300),
    })
    .prefault({}),
  hotlists: z
    .strictObject({
      /** Case numbers of entries made by hand; null: any, also none. */
      case_pattern: z
        .string()
        .max(200)
        .refine(isExpression, 'expected a regular expression')
        .nullable()
        .default(null),
      entry_days_max: z.int().min(1).max(366).default(30),
      /** A cleared vehicle's end, at most so long after it is asked for. */
      cleared_days_max: z.int().min(1).max(366).default(90),
      /** An urgent entry that waits longer for a second person is overdue. */
      urgent_minutes_max: z.int().positive().default(60),
      /** Expired and revoked ones stay to be looked at. */
      ended_days: z.int().min(1).max(3_660).default(90),
      /** Versions of a list whose entries stay, for a way back. */
      versions_kept: z.int().min(2).max(1_000).default(10),
      /** An import of which a larger share of the lines is bad is held for a person. */
      bad_lines_share_max: z.number().min(0).max(1).default(0.01),
      check_every_s: z.int().positive().default(15),
      /** Lists whose files come by themselves. */
      feeds: z
        .strictObject({
          /** null: `lists` in the data folder. */
          folder: z.string().min(1).nullable().default(null),
          /** A file in a folder that has not changed for so long is whole. */
          settled_s: z.number().positive().default(5),
          /** Files that were taken, and those that failed, with their reports. */
          kept_days: z.int().min(1).max(366).default(30),
          hosts_allowed: z.array(feedHost).default([]),
          private_hosts_allowed: z.array(feedHost).default([]),
          ca_file: z.string().nullable().default(null),
          bytes_max: z.int().positive().default(GIB),
          seconds_max: z.number().positive().max(86_400).default(900),
          accounts: z.record(z.string().regex(/^[a-z0-9]+(_[a-z0-9]+)*$/), feedAccount).default({}),
        })
        .prefault({}),
    })
    .prefault({}),
  gateway: z
    .strictObject({
      host: z.string().default('127.0.0.1'),
      port: port.default(8080),
      session_hours_max: z.number().positive().default(12),
      console_buffer_bytes_max: z.int().positive().default(MIB),
      consoles_max: z.int().positive().default(10_000),
      body_bytes_max: z.int().positive().default(MIB),
      /** Of a list's file. */
      upload_bytes_max: z.int().positive().default(GIB),
    })
    .prefault({}),
  health: z
    .strictObject({ host: z.string().default('127.0.0.1'), port: port.default(8081) })
    .prefault({}),
  retention: z
    .strictObject({
      /** Policy 401.5a: thirty days. */
      days: z.int().min(1).max(366).default(30),
      partitions_per_run_max: z.int().positive().default(2),
      clock_difference_s_max: z.int().positive().default(300),
      /** Without a read for longer, the clock may be what is wrong, and a person has to look. */
      silence_hours_max: z.number().positive().default(36),
      check_every_s: z.int().positive().default(3_600),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
    })
    .prefault({}),
})

export type Config = z.infer<typeof configSchema>

/** The agency's time zone: what days and hours of policy go by. */
export function timeZoneOf({ agency }: Pick<Config, 'agency'>): string {
  return agency.time_zone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone
}
