// What a batch has found is put where it belongs before its rows count as settled: pictures of
// hits, alerts, the other pictures, rejects. Counted per batch.

import type { AlertRaiser, Outcome } from '../alerts/raise.ts'
import type { Bus } from '../bus/connection.ts'
import type { ImageStore } from '../evidence/images.ts'
import type { Generation } from '../hotlists/generation.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { type AlertingOptions, sightedVehicles } from './alerting.ts'
import type { ImageFile, RejectRecord, WorkDone } from './work.ts'

export interface SettleOptions extends AlertingOptions {
  bus: Bus
  raiser: AlertRaiser
  images: ImageStore
}

/** Pictures and rejects written at the same time. */
const PARALLEL_MAX = 64

export async function settleBatch(
  o: SettleOptions,
  done: WorkDone,
  generation: Generation | null,
  signal: AbortSignal,
): Promise<void> {
  countReads(o.metrics, done)
  // A console may ask for an alert's pictures as soon as it has the alert.
  const of_hits = new Set(done.hits.map(({ read }) => `${read.camera}\n${read.id}`))
  const first = done.images.filter((i) => of_hits.has(`${i.camera}\n${i.id}`))
  const others = done.images.filter((i) => !of_hits.has(`${i.camera}\n${i.id}`))
  const [outcomes] = await Promise.all([
    o.raiser.raise(sightedVehicles(o, generation, done.hits), signal, putImages(o.images, first)),
    putImages(o.images, others),
    publishRejects(o.bus, done.rejects),
  ])
  const count = (outcome: Outcome) => outcomes.filter((one) => one === outcome).length
  o.metrics.alertsRaised.inc(count('raised'))
  o.metrics.alertsSuppressed.inc(count('suppressed'))
  o.metrics.alertsNamed.inc(count('named'))
}

function countReads(metrics: Metrics, done: WorkDone): void {
  for (const { reason, count } of done.rejected) metrics.readsRejected.inc({ reason }, count)
  for (const { field, count } of done.dropped) metrics.fieldsDropped.inc({ field }, count)
  for (const { camera, count } of done.forbidden) {
    metrics.fieldsForbidden.inc({ camera: metrics.cameraLabel(camera) }, count)
  }
  if (done.suspect > 0) metrics.clocksSuspect.inc(done.suspect)
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
