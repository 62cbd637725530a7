// Settings of the hot lists: one key-value document per list, with the settings in force and those
// that somebody has proposed. What was approved stays in force until another person has approved
// what comes after it (401.4f).
import { z } from 'zod'
import type { Bus } from '../bus/connection.ts'
import { type Documents, type DocumentsOptions, openDocuments } from '../bus/documents.ts'
import { areasWiden, hoursWiden } from '../domain/alerting.ts'
import type { Approval } from '../domain/approval.ts'
import { FILE_CODES } from '../domain/file-codes.ts'
import {
  CATEGORIES,
  type HotList,
  LIST_NAME,
  PROFILES,
  PURPOSES,
  type Purpose,
} from '../domain/hotlist.ts'
import {
  defaultSettings,
  type ListSettings,
  PRIORITIES,
  seenByAllOf,
  WEEKDAYS,
} from '../domain/list-settings.ts'
import { REGION } from '../domain/read.ts'
import { ROLES } from '../domain/roles.ts'
import { isZone } from '../formats/hotlists/dates.ts'
import { mappingSchema } from '../formats/hotlists/delimited.ts'
import { isListFormat } from '../formats/hotlists/formats.ts'
import { approvalSchema } from './approval-schema.ts'
import { feedSchema } from './sources/source.ts'

const text = (chars_max: number) => z.string().trim().min(1).max(chars_max)
const person = text(64)
const distinct = <T extends string>(of: z.ZodType<T>, count_max: number) =>
  z
    .array(of)
    .min(1)
    .max(count_max)
    .refine((values) => new Set(values).size === values.length, 'expected each one once')

const visibilitySchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('all') }),
  z.strictObject({ kind: z.literal('roles'), roles: distinct(z.enum(ROLES), ROLES.length) }),
  z.strictObject({ kind: z.literal('people'), people: distinct(person, 256) }),
  z.strictObject({ kind: z.literal('covert'), people: distinct(person, 256) }),
])

const hoursSchema = z
  .strictObject({
    days: distinct(z.enum(WEEKDAYS), WEEKDAYS.length),
    from: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'expected HH:MM, 00:00 to 23:59'),
    to: z.string().regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'expected HH:MM, to 24:00'),
  })
  .refine(({ from, to }) => from !== to, 'expected an end that is not the beginning')

const location = z.strictObject({
  lat: z.number().min(-90).max(90),
  lon: z.number().min(-180).max(180),
})
const areaSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('circle'),
    name: text(100),
    center: location,
    radius_m: z.number().positive().max(1_000_000),
  }),
  z.strictObject({
    kind: z.literal('polygon'),
    name: text(100),
    corners: z.array(location).min(3).max(500),
  }),
])

const sourceSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('government'),
    agency: text(200),
    registered_by: person,
    registered_at: z.iso.datetime(),
  }),
  z.strictObject({ kind: z.literal('custom') }),
])

const decisionSchema = z.strictObject({
  purpose: z.enum(PURPOSES).nullable(),
  by: person,
  at: z.iso.datetime(),
})

const budget = z.number().positive().max(1_000_000)
const contact = text(200)
const hours_max = z.number().positive().max(8_784)
const formatSchema = z.strictObject({
  name: z.string().refine(isListFormat, 'expected the name of a layout'),
  mapping: mappingSchema.exactOptional(),
  zone: z.string().refine(isZone, 'expected the name of a time zone').exactOptional(),
  states: distinct(z.string().regex(REGION), 100).exactOptional(),
})

/** A federal letter, a state's own (`TX-T`), or `?` of a record whose type no code stands for. */
export const FILE_CODE = /^([A-Z0-9?]|[A-Z]{2}-[A-Z])$/

const settingsSchema = z.strictObject({
  title: text(100),
  category: z.enum(CATEGORIES),
  priority: z.literal([...PRIORITIES]),
  purpose: z.enum(PURPOSES),
  visibility: visibilitySchema,
  ilets: z.boolean(),
  profile: z.enum(PROFILES),
  false_alerts_per_million_max: budget.exactOptional(),
  hours: z.array(hoursSchema).max(100),
  areas: z.array(areaSchema).max(20),
  owner: z.string().max(200),
  contact: contact.exactOptional(),
  source: sourceSchema,
  format: formatSchema.exactOptional(),
  feed: feedSchema.exactOptional(),
  shrink_share_max: z.number().min(0).max(1),
  refresh_hours_max: hours_max.exactOptional(),
  when_stale: z.enum(['alert', 'stop']),
  file_codes: z.record(z.string().regex(FILE_CODE), decisionSchema),
}) satisfies z.ZodType<ListSettings>

/** What a person may change of a list by itself; null takes an optional setting away. */
export const settingsPatchSchema = z.strictObject({
  title: settingsSchema.shape.title.exactOptional(),
  category: settingsSchema.shape.category.exactOptional(),
  priority: settingsSchema.shape.priority.exactOptional(),
  purpose: settingsSchema.shape.purpose.exactOptional(),
  visibility: visibilitySchema.exactOptional(),
  ilets: z.boolean().exactOptional(),
  profile: settingsSchema.shape.profile.exactOptional(),
  false_alerts_per_million_max: budget.nullable().exactOptional(),
  hours: settingsSchema.shape.hours.exactOptional(),
  areas: settingsSchema.shape.areas.exactOptional(),
  owner: settingsSchema.shape.owner.exactOptional(),
  contact: contact.nullable().exactOptional(),
  format: formatSchema.nullable().exactOptional(),
  feed: feedSchema.nullable().exactOptional(),
  shrink_share_max: settingsSchema.shape.shrink_share_max.exactOptional(),
  refresh_hours_max: hours_max.nullable().exactOptional(),
  when_stale: settingsSchema.shape.when_stale.exactOptional(),
})
export type SettingsPatch = z.infer<typeof settingsPatchSchema>

/** Settings with a change in them. */
export function patched(settings: ListSettings, patch: SettingsPatch): ListSettings {
  const given = Object.entries({ ...settings, ...patch }).filter(([, value]) => value !== null)
  return settingsSchema.parse(Object.fromEntries(given))
}

/** Settings, and how far they have come on the way to being in force. */
export interface Stated {
  settings: ListSettings
  approval: Approval
}

export interface ListDocument {
  name: string
  /** In force while `active`; null where none were ever approved. */
  approved: Stated | null
  /** What somebody would have in their place: never in force before it is approved. */
  proposed: Stated | null
}

const statedSchema = z.strictObject({ settings: settingsSchema, approval: approvalSchema })

export const documentSchema = z.strictObject({
  name: z.string().regex(LIST_NAME),
  approved: statedSchema.nullable(),
  proposed: statedSchema.nullable(),
}) satisfies z.ZodType<ListDocument>

/** By the list's name. */
export type SettingsDocuments = Documents<ListDocument>

/** @param onInvalid told of a list whose settings can't be read */
export function openSettings(
  bus: Bus,
  onInvalid?: DocumentsOptions['onInvalid'],
): Promise<SettingsDocuments> {
  const options = onInvalid === undefined ? {} : { onInvalid }
  return openDocuments(bus, 'hotlist-settings', documentSchema, options)
}

/** What a list goes by: what was approved, or, where nothing was, what its manifest says. */
export function settingsOf(document: ListDocument | null, manifest: HotList): ListSettings {
  if (document?.approved) return document.approved.settings
  const { name, category, profile, false_alerts_per_million_max: budget } = manifest
  return {
    ...defaultSettings(name, category, profile),
    ...(budget === undefined ? {} : { false_alerts_per_million_max: budget }),
  }
}

/** Whether an import of the list comes into force without a supervisor (401.4f). */
export function activatesItself({ source }: ListSettings): boolean {
  return source.kind === 'government'
}

/**
 * The purpose of entries of a file code, or null where they import inactive: where none of 401.1
 * fits, and no administrator has decided for this list.
 */
export function purposeOfCode(
  { file_codes }: Pick<ListSettings, 'file_codes'>,
  code: string,
): Purpose | null {
  const decided = Object.hasOwn(file_codes, code) ? file_codes[code] : undefined
  return decided === undefined ? (FILE_CODES.get(code)?.purpose ?? null) : decided.purpose
}

/** What of new settings reaches further than the old ones, so that another person has to agree. */
export function widenings(before: ListSettings, after: ListSettings): string[] {
  const wider = {
    profile: PROFILES.indexOf(after.profile) > PROFILES.indexOf(before.profile),
    false_alerts_per_million_max: budgetWidens(before, after),
    hours: hoursWiden(before.hours, after.hours),
    areas: areasWiden(before.areas, after.areas),
    visibility: !seenByAllOf(after, before),
    category: after.category !== before.category,
    purpose: after.purpose !== before.purpose,
    source: JSON.stringify(after.source) !== JSON.stringify(before.source),
    // Whoever it comes from says who is stopped, and columns say what of it is the plate.
    feed: JSON.stringify(after.feed) !== JSON.stringify(before.feed),
    format: JSON.stringify(after.format) !== JSON.stringify(before.format),
    shrink_share_max: after.shrink_share_max > before.shrink_share_max,
    refresh_hours_max:
      (after.refresh_hours_max ?? Infinity) > (before.refresh_hours_max ?? Infinity),
    when_stale: after.when_stale === 'alert' && before.when_stale === 'stop',
  } satisfies Partial<Record<keyof ListSettings, boolean>>
  return Object.entries(wider).flatMap(([name, is]) => (is ? [name] : []))
}

/** A list without a budget of its own has the setting's, of which nobody knows how it compares. */
function budgetWidens(
  { false_alerts_per_million_max: before }: ListSettings,
  { false_alerts_per_million_max: after }: ListSettings,
): boolean {
  if (before === after) return false
  return before === undefined || after === undefined || after > before
}
