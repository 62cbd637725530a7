// What a batch has found is put where it belongs before its rows count as settled: pictures of
// hits, alerts, the other pictures, rejects. Counted per batch.

import type { AlertRaiser, Sighting } from '../alerts/raise.ts'
import type { Bus } from '../bus/connection.ts'
import type { Alert } from '../domain/alert.ts'
import { hasExpired } from '../domain/hotlist.ts'
import type { ImageStore } from '../evidence/images.ts'
import type { Generation, ListedEntry } from '../hotlists/generation.ts'
import { compareVehicles } from '../matching/vehicle.ts'
import type { VehicleTable } from '../matching/vehicle-table.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Hit, ImageFile, RejectRecord, WorkDone } from './work.ts'

export interface SettleOptions {
  bus: Bus
  raiser: AlertRaiser
  images: ImageStore
  vehicles: VehicleTable
  metrics: Metrics
}

/** Pictures and rejects written at the same time. */
const PARALLEL_MAX = 64

export async function settleBatch(
  o: SettleOptions,
  done: WorkDone,
  generation: Generation | null,
  signal: AbortSignal,
): Promise<void> {
  count(o.metrics, done)
  // A console may ask for an alert's pictures as soon as it has the alert.
  const of_hits = new Set(done.hits.map(({ read }) => `${read.camera}\n${read.id}`))
  const first = done.images.filter((i) => of_hits.has(`${i.camera}\n${i.id}`))
  const others = done.images.filter((i) => !of_hits.has(`${i.camera}\n${i.id}`))
  const [outcomes] = await Promise.all([
    o.raiser.raise(
      sightings(o.vehicles, generation, done, Date.now()),
      signal,
      putImages(o.images, first),
    ),
    putImages(o.images, others),
    publishRejects(o.bus, done.rejects),
  ])
  const raised = outcomes.filter((outcome) => outcome === 'raised').length
  o.metrics.alertsRaised.inc(raised)
  o.metrics.alertsSuppressed.inc(outcomes.length - raised)
}

function count(metrics: Metrics, done: WorkDone): void {
  for (const { reason, count } of done.rejected) metrics.readsRejected.inc({ reason }, count)
  for (const { field, count } of done.dropped) metrics.fieldsDropped.inc({ field }, count)
  for (const { camera, count } of done.forbidden) {
    metrics.fieldsForbidden.inc({ camera: metrics.cameraLabel(camera) }, count)
  }
  if (done.suspect > 0) metrics.clocksSuspect.inc(done.suspect)
}

function sightings(
  vehicles: VehicleTable,
  generation: Generation | null,
  done: WorkDone,
  now_ms: number,
): Sighting[] {
  if (generation === null) return []
  return done.hits.flatMap((hit) => {
    const listed = generation.at(hit.entry)
    if (hasExpired(listed.entry, now_ms)) return []
    return {
      list: listed.list.name,
      entry_id: listed.entry.id,
      camera: hit.read.camera,
      time_ms: hit.read.time_ms,
      build: (id) => buildAlert(id, hit, listed, vehicles),
    }
  })
}

function buildAlert(
  id: string,
  hit: Hit,
  { list, entry }: ListedEntry,
  vehicles: VehicleTable,
): Alert {
  return {
    id,
    status: 'unverified',
    read: alertRead(hit),
    entry: {
      id: entry.id,
      plate: entry.plate,
      ...(entry.region === undefined ? {} : { region: entry.region }),
      list: list.name,
      version: list.version,
      list_imported_at: list.imported_at,
      category: list.category,
      reason: entry.reason,
      ...(entry.case === undefined ? {} : { case: entry.case }),
      ...(entry.vehicle === undefined ? {} : { vehicle: entry.vehicle }),
    },
    match: { ...hit.match, vehicle: compareVehicles(vehicles, hit.read.vehicle, entry.vehicle) },
    raisedAt: new Date().toISOString(),
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

async function putImages(images: ImageStore, files: readonly ImageFile[]): Promise<void> {
  for (let at = 0; at < files.length; at += PARALLEL_MAX) {
    await Promise.all(
      files
        .slice(at, at + PARALLEL_MAX)
        .map(({ day, camera, id, kind, bytes }) => images.put(day, camera, id, kind, bytes)),
    )
  }
}

/**
 * The message id is the read's place on the stream: a redelivery within the stream's window rejects
 * nothing twice.
 */
async function publishRejects(bus: Bus, rejects: readonly RejectRecord[]): Promise<void> {
  for (let at = 0; at < rejects.length; at += PARALLEL_MAX) {
    await Promise.all(
      rejects.slice(at, at + PARALLEL_MAX).map(({ key, camera, record }) =>
        bus.js.publish(`rejects.v1.${camera}`, JSON.stringify(record), {
          msgID: key,
          retries: 10,
        }),
      ),
    )
  }
}
