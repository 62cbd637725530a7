// Hot lists and their entries: the plates that are looked for, and why.

export const CATEGORIES = [
  'stolen_vehicle',
  'stolen_plate',
  'felony_vehicle',
  'wanted_person',
  'missing_person',
  'amber_alert',
  'warrant',
  'protection_order',
  'supervised_release',
  'person_of_interest',
  'custom',
] as const
export type Category = (typeof CATEGORIES)[number]

/** What licence plates may be looked for at all (policy 401.1); every list and entry has one. */
export const PURPOSES = [
  'stolen_or_wanted_vehicle',
  'stolen_plate',
  'missing_person',
  'warrant',
  'suspect_interdiction',
  'property_recovery',
] as const
export type Purpose = (typeof PURPOSES)[number]

/**
 * How far a read may be from an entry's plate and still be a candidate.
 * - `exact`: the same characters, O and 0 tied
 * - `fold`: the same after folding look-alike classes, or one of the engine's candidate readings is
 * - `fold+1`, `fold+2`: besides, that many substitutions, insertions or deletions
 */
export const PROFILES = ['exact', 'fold', 'fold+1', 'fold+2'] as const
export type Profile = (typeof PROFILES)[number]

export interface VehicleListed {
  make?: string
  model?: string
  color?: string
  type?: string
  year?: number
}

/** What goes with an entry to whoever acts on it, and where it came from. */
export interface EntryDetails {
  /** Its number in the system that it came from: an NCIC number, a case system's id. */
  source_id?: string
  /** The federal extract's first letter of the NCIC number. */
  file_code?: string
  /** Who entered it: an ORI, or a name. */
  agency?: string
  /** `YYYY-MM-DD`, as the source gives it */
  entered_on?: string
  vin?: string
  /** Whom to call. */
  contact?: string
  /** What to do, and what not: "do not stop, observe". */
  instructions?: string
  /** What to beware of: "armed". */
  cautions?: string[]
  /** A supervisor alone has put it into force: a second one is still to decide. */
  urgent?: true
}

export interface Entry {
  /** Stable within its list, over versions. */
  id: string
  /** Folded plate, or a pattern: `?` is one character, `*` any run of them. */
  plate: string
  /** ISO 3166-2, where the list gives it. */
  region?: string
  reason: string
  case?: string
  vehicle?: VehicleListed
  /** Where it differs from its list's. */
  profile?: Profile
  /** Where it differs from its list's. */
  purpose?: Purpose
  /** It alerts no more from this moment on. ISO 8601 UTC */
  expires_at?: string
  details?: EntryDetails
}

/** Whether an entry has had its time: from the moment on that it names, it alerts no more. */
export function hasExpired({ expires_at }: Pick<Entry, 'expires_at'>, now_ms: number): boolean {
  return expires_at !== undefined && Date.parse(expires_at) <= now_ms
}

export const LIST_NAME = /^[a-z0-9-]{1,64}$/

/** What is in force: the list's manifest, one key-value document per list. */
export interface HotList {
  name: string
  category: Category
  profile: Profile
  /**
   * False alerts that are accepted per million reads; the score threshold comes from it. Without
   * one, the setting `matching.false_alerts_per_million_max` holds.
   */
  false_alerts_per_million_max?: number
  /** Rises with each import, also with one that never came into force. */
  version: number
  entries: number
  /** Single changes up to this revision are in the version's entries. */
  changes_through?: number
  /** ISO 8601 UTC */
  imported_at: string
}

/** A list's own budget of false alerts per million reads, or the setting's. */
export function budgetOf(list: HotList, false_alerts_per_million_max: number): number {
  return list.false_alerts_per_million_max ?? false_alerts_per_million_max
}
