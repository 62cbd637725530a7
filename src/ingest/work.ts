// What goes to a worker and what comes back: shared by the pipeline and the worker, so that neither
// imports the other.
import type { PlateMatch } from '../domain/alert.ts'
import type { Generation } from '../hotlists/generation.ts'
import type { IndexSource } from '../matching/index-block.ts'
import type { PackedBatch } from './batch.ts'
import type { DecodedRead, OptionalField, RejectReason } from './decode.ts'

/**
 * The index of one generation, as workers see it: shared memory, so that passing it costs nothing.
 */
export interface IndexShare {
  generation: number
  base: IndexSource
  /** Custom entries, numbered on after the base's entries. */
  overlay: SharedArrayBuffer | null
  /** Entries of the base that are silenced, ascending. */
  removed: Uint32Array
  /** Least log odds of an alert, by list number. */
  log_odds_min: Float64Array
}

/** What of a generation goes to a worker: the shared memory, and not the entries themselves. */
export function shareOf(of: Generation): IndexShare {
  const { generation, base, overlay, removed, log_odds_min } = of
  return { generation, base: base.source, overlay, removed, log_odds_min }
}

export interface Work {
  batch: PackedBatch
  index: IndexShare | null
  /**
   * Secret prefix of each UTC day, `YYYY-MM-DD`, for reads without an id and for the keyed hash of
   * rejects.
   */
  day_keys: ReadonlyMap<string, string>
  message_bytes_max: number
  reads_per_message_max: number
  image_bytes_max: number
  retention_days: number
}

/**
 * A read that may be of an entry, for the alert room to judge whether its passage already has its
 * alert.
 */
export interface Hit {
  read: DecodedRead
  received_ms: number
  images: { plate: boolean; vehicle: boolean }
  /** Index into the entries of `generation`. */
  entry: number
  match: PlateMatch
}

export interface ImageFile {
  day: string
  camera: string
  id: string
  kind: 'plate' | 'vehicle'
  bytes: Uint8Array
}

export interface RejectRecord {
  /** Unique per stream position, so that a redelivery does not reject twice. */
  key: string
  camera: string
  record: {
    reason: RejectReason | 'field_dropped'
    field: string | null
    expected: string
    came: string
    camera: string
    seq: number
    line: number
    receivedAt: string
    length: number
    /** Keyed by the day's secret, which is destroyed with the day. */
    hash: string
    /** How many reads of the batch this stands for (`field_dropped`). */
    count?: number
  }
}

export interface WorkDone {
  /** Handed back for the next batch. */
  data: ArrayBuffer
  meta: ArrayBuffer
  reads: number
  stored: number
  generation: number
  /** Blocks of `stored` rows (Native format), one after the other; empty where there are none. */
  rows: Uint8Array
  hits: Hit[]
  images: ImageFile[]
  rejects: RejectRecord[]
  rejected: { reason: RejectReason; count: number }[]
  dropped: { field: OptionalField; count: number }[]
  /** Fields that policy 401.7 forbids, dropped, by camera. */
  forbidden: { camera: string; count: number }[]
  suspect: number
}
