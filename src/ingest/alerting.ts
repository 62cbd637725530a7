// Which hits of a batch alert, and what their alerts say: the lists' settings have the last word
// here, after matching and on hits alone, so that a change of settings acts at once and costs the
// matcher nothing.
//
// Hits of one read on one plate are one vehicle on several lists: the most urgent alerts and names
// the others (alerts/raise.ts). A hit is left to another's alert only where everybody who may know
// of its list gets that alert too: a covert list never swallows what all should see.
import type { Sighting } from '../alerts/raise.ts'
import type { Alert, AlertEntry, AlsoListed } from '../domain/alert.ts'
import { isWithinAreas, isWithinHours, type LocalClock } from '../domain/alerting.ts'
import { FILE_CODES } from '../domain/file-codes.ts'
import { hasExpired } from '../domain/hotlist.ts'
import { type ListSettings, seenByAllOf, staleHours } from '../domain/list-settings.ts'
import type { ActiveLists } from '../hotlists/active.ts'
import type { ClearedVehicles } from '../hotlists/cleared.ts'
import type { ClearedTally } from '../hotlists/cleared-tally.ts'
import type { Generation, ListedEntry } from '../hotlists/generation.ts'
import { purposeOfCode } from '../hotlists/settings.ts'
import type { SettingsView } from '../hotlists/settings-view.ts'
import { compareVehicles } from '../matching/vehicle.ts'
import type { VehicleTable } from '../matching/vehicle-table.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Hit } from './work.ts'

export interface AlertingOptions {
  lists: Pick<ActiveLists, 'isSilenced'>
  settings: Pick<SettingsView, 'of' | 'isInForce'>
  /** Innocent look-alikes, and the count of how often each was seen. */
  cleared: Pick<ClearedVehicles, 'of'>
  cleared_tally: Pick<ClearedTally, 'add'>
  clock: LocalClock
  vehicles: VehicleTable
  metrics: Metrics
  /** epoch ms */
  now?: () => number
}

/** Why a hit raises nothing. */
export type KeptBack = 'not_in_force' | 'expired' | 'stale' | 'hours' | 'area' | 'cleared'

interface ListedHit extends ListedEntry {
  hit: Hit
  settings: ListSettings
  stale_h: number | null
}

/**
 * The sightings of each vehicle of each read, most urgent first, in the order of the reads.
 */
export function sightedVehicles(
  o: AlertingOptions,
  generation: Pick<Generation, 'at'> | null,
  hits: readonly Hit[],
): Sighting[][] {
  if (generation === null) return []
  const now_ms = (o.now ?? Date.now)()
  const vehicles = new Map<string, ListedHit[]>()
  for (const hit of hits) {
    const listed = generation.at(hit.entry)
    const settings = o.settings.of(listed.list)
    const { list, custom } = listed
    const stale_h = custom ? null : staleHours(settings, list.imported_at, now_ms)
    const one = { hit, ...listed, settings, stale_h }
    const cause = keptBack(o, one, now_ms)
    if (cause !== null) {
      o.metrics.alertsKeptBack.inc({ list: o.metrics.listLabel(list.name), cause })
      continue
    }
    const { camera, id } = hit.read
    const key = `${camera}\n${id}\n${listed.entry.plate.replaceAll('O', '0')}`
    const same = vehicles.get(key)
    if (same === undefined) vehicles.set(key, [one])
    else same.push(one)
  }
  return [...vehicles.values()].map((all) => sightings(o, all.toSorted(byUrgency)))
}

/** By the read's time, so that a read that is delivered again is judged the same. */
function keptBack(o: AlertingOptions, one: ListedHit, now_ms: number): KeptBack | null {
  const { hit, list, entry, settings, stale_h } = one
  if (!o.settings.isInForce(list.name) || o.lists.isSilenced(one)) return 'not_in_force'
  if (hasExpired(entry, now_ms)) return 'expired'
  if (stale_h !== null && settings.when_stale === 'stop') return 'stale'
  const { hours, areas } = settings
  if (hours.length > 0 && !isWithinHours(hours, o.clock.minuteOfWeek(hit.read.time_ms))) {
    return 'hours'
  }
  if (!isWithinAreas(areas, hit.read.location)) return 'area'
  const clearance = o.cleared.of(list.name, entry, hit.read, now_ms)
  if (clearance === null) return null
  o.cleared_tally.add(clearance, now_ms)
  return 'cleared'
}

/** An urgent entry before all others; names decide last, so that the order is always the same. */
function byUrgency(a: ListedHit, b: ListedHit): number {
  return (
    Number(b.entry.details?.urgent ?? false) - Number(a.entry.details?.urgent ?? false) ||
    a.settings.priority - b.settings.priority ||
    b.hit.match.posterior - a.hit.match.posterior ||
    (`${a.list.name}\n${a.entry.id}` < `${b.list.name}\n${b.entry.id}` ? -1 : 1)
  )
}

function sightings(o: AlertingOptions, hits: readonly ListedHit[]): Sighting[] {
  const listed = new Map<Sighting, ListedHit>()
  for (const one of hits) {
    listed.set(
      {
        list: one.list.name,
        entry_id: one.entry.id,
        camera: one.hit.read.camera,
        time_ms: one.hit.read.time_ms,
        build: (id, others) =>
          buildAlert(
            id,
            one,
            others.map((other) => alsoListed(listed.get(other) as ListedHit)),
            o.vehicles,
          ),
        speaksFor: (other) => speaksFor(one, listed.get(other) as ListedHit),
      },
      one,
    )
  }
  return [...listed.keys()]
}

/** The same plate of two states is two vehicles: whoever rejects one has not judged the other. */
function speaksFor(one: ListedHit, other: ListedHit): boolean {
  const [a, b] = [one.entry.region, other.entry.region]
  if (a !== undefined && b !== undefined && a !== b) return false
  return seenByAllOf(other.settings, one.settings)
}

function categoryOf({ entry, settings }: ListedHit): AlertEntry['category'] {
  const meaning = FILE_CODES.get(entry.details?.file_code ?? '')
  return meaning === undefined ? settings.category : meaning.category
}

/** What is to be known before anybody acts. */
function warnings({ entry: { details = {} } }: ListedHit) {
  const { instructions, cautions = [], urgent } = details
  return {
    ...(instructions === undefined ? {} : { instructions }),
    ...(cautions.length === 0 ? {} : { cautions }),
    ...(urgent === undefined ? {} : { urgent }),
  }
}

function alsoListed(one: ListedHit): AlsoListed {
  const { list, entry, settings } = one
  return {
    list: list.name,
    id: entry.id,
    version: list.version,
    priority: settings.priority,
    category: categoryOf(one),
    reason: entry.reason,
    ...warnings(one),
  }
}

function buildAlert(id: string, one: ListedHit, also: AlsoListed[], vehicles: VehicleTable): Alert {
  const { hit, entry } = one
  return {
    id,
    status: 'unverified',
    read: alertRead(hit),
    entry: alertEntry(one),
    ...(also.length === 0 ? {} : { also }),
    match: { ...hit.match, vehicle: compareVehicles(vehicles, hit.read.vehicle, entry.vehicle) },
    raisedAt: new Date().toISOString(),
  }
}

function alertEntry(one: ListedHit): AlertEntry {
  const { list, entry, settings, stale_h } = one
  const { file_code, contact = settings.contact } = entry.details ?? {}
  const of_code = file_code === undefined ? null : purposeOfCode(settings, file_code)
  return {
    id: entry.id,
    plate: entry.plate,
    ...(entry.region === undefined ? {} : { region: entry.region }),
    list: list.name,
    version: list.version,
    list_imported_at: list.imported_at,
    category: categoryOf(one),
    reason: entry.reason,
    ...(entry.case === undefined ? {} : { case: entry.case }),
    ...(entry.vehicle === undefined ? {} : { vehicle: entry.vehicle }),
    priority: settings.priority,
    purpose: entry.purpose ?? of_code ?? settings.purpose,
    ...(entry.expires_at === undefined ? {} : { expires_at: entry.expires_at }),
    ...warnings(one),
    ...(contact === undefined ? {} : { contact }),
    ilets: settings.ilets,
    ...(stale_h === null ? {} : { list_stale_h: stale_h }),
  }
}

function alertRead({ read, received_ms, images }: Hit): Alert['read'] {
  return {
    id: read.id,
    camera: read.camera,
    time: new Date(read.time_ms).toISOString(),
    receivedAt: new Date(received_ms).toISOString(),
    ...(read.device_time_ms === null
      ? {}
      : { deviceTime: new Date(read.device_time_ms).toISOString() }),
    clockSuspect: read.device_time_ms !== null,
    plate: read.plate,
    ...(read.region === '' ? {} : { region: read.region }),
    ...(read.confidence === null ? {} : { confidence: read.confidence }),
    ...(read.char_confidence === null ? {} : { charConfidence: read.char_confidence }),
    ...(read.candidates === null ? {} : { candidates: read.candidates }),
    ...(read.location === null ? {} : { location: read.location }),
    ...(read.heading === null ? {} : { heading: read.heading }),
    ...(read.lane === null ? {} : { lane: read.lane }),
    ...(read.vehicle === null ? {} : { vehicle: read.vehicle }),
    images,
  }
}
