// What is decided of a hot list besides what matching needs: how urgent it is, what for, who may
// know of it, when and where it alerts, and how old it may grow.
import type { Category, Profile, Purpose } from './hotlist.ts'
import type { ListFeed } from './list-feed.ts'
import type { FileLayout } from './list-layout.ts'
import type { Location } from './read.ts'
import { may, type Person, type Role } from './roles.ts'

/** 1 is the most urgent. */
export const PRIORITIES = [1, 2, 3, 4] as const
export type Priority = (typeof PRIORITIES)[number]

/**
 * Who may know of a list, its entries and its alerts.
 * - `roles`, `people`: alerts are absent for all others; who keeps lists sees its settings
 * - `covert`: besides, the list itself is absent for all but these people
 */
export type Visibility =
  | { kind: 'all' }
  | { kind: 'roles'; roles: Role[] }
  | { kind: 'people'; people: string[] }
  | { kind: 'covert'; people: string[] }

/** In the order of `Date.prototype.getUTCDay`. */
export const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const
export type Weekday = (typeof WEEKDAYS)[number]

/** A span of local time on each of these days; one that ends before it begins ends on the next. */
export interface AlertingHours {
  days: Weekday[]
  /** `HH:MM`, 00:00 to 23:59 */
  from: string
  /** `HH:MM`, 00:01 to 24:00, and not `from` */
  to: string
}

export interface Circle {
  kind: 'circle'
  name: string
  center: Location
  radius_m: number
}

/** The last corner is joined to the first. */
export interface Polygon {
  kind: 'polygon'
  name: string
  corners: Location[]
}

export type Area = Circle | Polygon

/** Only a government's source that an administrator has registered activates by itself (401.4f). */
export type ListSource =
  | { kind: 'government'; agency: string; registered_by: string; registered_at: string }
  | { kind: 'custom' }

/** An administrator's word on entries whose file code fits no purpose of 401.1 by itself. */
export interface FileCodeDecision {
  /** Null: they stay inactive. */
  purpose: Purpose | null
  by: string
  /** ISO 8601 UTC */
  at: string
}

export interface ListSettings {
  title: string
  category: Category
  priority: Priority
  /** Of entries that bring none of their own. */
  purpose: Purpose
  visibility: Visibility
  /** State law-enforcement data: absent for whoever is not authorised (401.4b). */
  ilets: boolean
  profile: Profile
  /** See HotList. */
  false_alerts_per_million_max?: number
  /** Agency's local time; none: always. */
  hours: AlertingHours[]
  /** None: anywhere. A read without a location alerts all the same. */
  areas: Area[]
  owner: string
  contact?: string
  source: ListSource
  /** How its files are laid out. */
  format?: FileLayout
  /** Where they come from by themselves; none: somebody brings them. */
  feed?: ListFeed
  /** An import that loses a larger share of the entries is held for a person. */
  shrink_share_max: number
  /** Older than this the list is stale; none: it never is. */
  refresh_hours_max?: number
  when_stale: 'alert' | 'stop'
  /** By file code, a letter (file-codes.ts). */
  file_codes: Record<string, FileCodeDecision>
}

const PRIORITY_OF: Readonly<Record<Category, Priority>> = {
  amber_alert: 1,
  felony_vehicle: 1,
  wanted_person: 1,
  missing_person: 1,
  stolen_vehicle: 2,
  warrant: 2,
  protection_order: 2,
  stolen_plate: 3,
  supervised_release: 3,
  person_of_interest: 3,
  custom: 3,
}

const PURPOSE_OF: Readonly<Record<Category, Purpose>> = {
  amber_alert: 'missing_person',
  felony_vehicle: 'stolen_or_wanted_vehicle',
  wanted_person: 'warrant',
  missing_person: 'missing_person',
  stolen_vehicle: 'stolen_or_wanted_vehicle',
  warrant: 'warrant',
  protection_order: 'suspect_interdiction',
  stolen_plate: 'stolen_plate',
  supervised_release: 'suspect_interdiction',
  person_of_interest: 'suspect_interdiction',
  custom: 'suspect_interdiction',
}

/** Settings of a list of which no more was said. */
export function defaultSettings(name: string, category: Category, profile: Profile): ListSettings {
  return {
    title: name,
    category,
    priority: PRIORITY_OF[category],
    purpose: PURPOSE_OF[category],
    visibility: { kind: 'all' },
    ilets: false,
    profile,
    hours: [],
    areas: [],
    owner: '',
    source: { kind: 'custom' },
    shrink_share_max: 0.2,
    when_stale: 'alert',
    file_codes: {},
  }
}

type Access = Pick<ListSettings, 'visibility' | 'ilets'>

/** Whether a person may know of a list's alerts and entries. */
export function maySee({ visibility, ilets }: Access, who: Person): boolean {
  if (ilets && !who.ilets) return false
  switch (visibility.kind) {
    case 'all':
      return true
    case 'roles':
      return visibility.roles.some((role) => who.roles.includes(role))
    case 'people':
    case 'covert':
      return visibility.people.includes(who.user)
  }
}

/**
 * Whether a person who keeps lists may know of one and its settings, although its alerts are not
 * for them: of no covert one, and of state data only where authorised.
 */
export function mayKeep({ visibility, ilets }: Access, who: Person): boolean {
  if (visibility.kind === 'covert' || (ilets && !who.ilets)) return false
  return (['list_write', 'list_decide', 'source_register'] as const).some((right) =>
    may(who.roles, right),
  )
}

/** Whether all who may see the one may see the other for certain, whoever has which role. */
export function seenByAllOf(one: Access, other: Access): boolean {
  if (other.ilets && !one.ilets) return false
  const [from, to] = [one.visibility, other.visibility]
  if (to.kind === 'all') return true
  if (from.kind === 'all') return false
  if (from.kind === 'roles' || to.kind === 'roles') {
    return (
      from.kind === 'roles' &&
      to.kind === 'roles' &&
      from.roles.every((role) => to.roles.includes(role))
    )
  }
  return from.people.every((person) => to.people.includes(person))
}

/** How old the list is in whole hours, where that is past its time; else null. */
export function staleHours(
  { refresh_hours_max }: Pick<ListSettings, 'refresh_hours_max'>,
  refreshed_at: string,
  now_ms: number,
): number | null {
  if (refresh_hours_max === undefined) return null
  const age_h = (now_ms - Date.parse(refreshed_at)) / 3_600_000
  return age_h > refresh_hours_max ? Math.floor(age_h) : null
}
