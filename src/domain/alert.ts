// An alert: the claim that a read may be of a vehicle on a hot list. Always a potential match until
// a person has verified it (policy 401.2b): nothing in the program writes any other status than
// `unverified` by itself.
import type { Category, Purpose } from './hotlist.ts'
import type { Priority } from './list-settings.ts'
import type { Read } from './read.ts'

export const MATCH_CLASSES = [
  'exact',
  'o_zero',
  'look_alike',
  'substitution',
  'insertion',
  'deletion',
  'candidate',
  'wildcard',
] as const
export type MatchClass = (typeof MATCH_CLASSES)[number]

/**
 * What stands in one column: `look_alike` of one class, `inserted` only in the read, `deleted` only
 * in the entry, `any` left open by the entry's `?` or `*`.
 */
export const COLUMN_KINDS = [
  'same',
  'o_zero',
  'look_alike',
  'differs',
  'inserted',
  'deleted',
  'any',
] as const

/** One column of the alignment of a read with an entry; '' where one side has no character. */
export interface AlignedPair {
  read: string
  entry: string
  kind: (typeof COLUMN_KINDS)[number]
  /** What this column adds to the cost, in nats. */
  cost: number
}

export const VEHICLE_TRAITS = ['color', 'make', 'model', 'type', 'year'] as const
export type VehicleTrait = (typeof VEHICLE_TRAITS)[number]

/** One trait, seen against listed, as each was given; '' where it was not. */
export interface TraitCompared {
  verdict: 'agree' | 'differ' | 'unknown'
  seen: string
  listed: string
}

/** Evidence for the person who verifies; it never keeps an alert back. */
export type VehicleCompared = Record<VehicleTrait, TraitCompared>

/** What the two plates alone tell; a worker knows no more of an entry. */
export interface PlateMatch {
  class: MatchClass
  /**
   * How much less likely this reading is than a faithful one, given that the vehicle is the
   * entry's: -ln of the quotient, in nats; 0 where nothing differs.
   */
  cost: number
  /** exp(-cost), 0 to 1. */
  score: number
  /**
   * Probability that the vehicle is the entry's, by the model, 0 to 1. 1 of a pattern, for which
   * none is known: whoever entered it has asked for all that fits.
   */
  posterior: number
  aligned: AlignedPair[]
  /** The engine's candidate reading that matched, where the first reading did not. */
  candidate?: string
  /** Issuing state, seen against listed. */
  state: 'same' | 'differs' | 'unknown'
  /** The model of misreads that cost and posterior are of. */
  model: { name: string; version: number }
}

export interface Match extends PlateMatch {
  vehicle: VehicleCompared
}

export interface AlertEntry {
  id: string
  plate: string
  region?: string
  list: string
  version: number
  /** ISO 8601 UTC */
  list_imported_at: string
  category: Category
  reason: string
  case?: string
  vehicle?: { make?: string; model?: string; color?: string; type?: string; year?: number }
  // What follows is absent in alerts from before lists had settings.
  priority?: Priority
  purpose?: Purpose
  /** It is looked for no more from then on. ISO 8601 UTC */
  expires_at?: string
  /** What to do, and what not: "do not stop, observe". */
  instructions?: string
  /** What to beware of: "armed". */
  cautions?: string[]
  contact?: string
  /** State law-enforcement data (401.4b). */
  ilets?: boolean
  /** A supervisor alone has put it into force; a second one had not decided yet. */
  urgent?: true
  /** The list's age in whole hours, where it is past the time by which it must be refreshed. */
  list_stale_h?: number
}

/** Another entry that the same vehicle is on: one alert names all. */
export interface AlsoListed {
  list: string
  /** The entry's. */
  id: string
  version: number
  priority: Priority
  category: Category
  reason: string
  instructions?: string
  cautions?: string[]
  urgent?: true
}

/** A read as it is shown with an alert: names and forms as cameras send them. */
export interface AlertRead {
  id: string
  camera: string
  /** ISO 8601 UTC, ms */
  time: string
  /** When the stream took the read in. ISO 8601 UTC, ms */
  receivedAt: string
  deviceTime?: string
  clockSuspect: boolean
  plate: string
  region?: string
  confidence?: number
  charConfidence?: number[]
  candidates?: Read['candidates']
  location?: Read['location']
  heading?: number
  lane?: number
  vehicle?: Read['vehicle']
  images: Read['images']
}

export interface Alert {
  /** One per entry, camera and vehicle passage: 16 hex digits. */
  id: string
  status: 'unverified'
  read: AlertRead
  entry: AlertEntry
  /**
   * Most urgent first. Whoever may not know of one of these lists gets the alert without it; absent
   * where there is none.
   */
  also?: AlsoListed[]
  match: Match
  /** ISO 8601 UTC, ms */
  raisedAt: string
}
