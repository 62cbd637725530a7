// Alerts as the ingest raises them, for tests that publish their own into the ALERTS stream.
import { randomBytes } from 'node:crypto'
import type { Bus } from '../../src/bus/connection.ts'
import type { Alert } from '../../src/domain/alert.ts'
import type { AlertEvent } from '../../src/domain/alert-event.ts'

/** A read of `8ABCI23` for an entry `BABC123`: two look-alikes. */
export function makeAlert(change: (alert: Alert) => void = () => {}): Alert {
  const now = new Date().toISOString()
  const alert: Alert = {
    id: randomBytes(8).toString('hex'),
    status: 'unverified',
    read: {
      id: randomBytes(6).toString('hex'),
      camera: 'pole-line-2',
      time: now,
      receivedAt: now,
      clockSuspect: false,
      plate: '8ABCI23',
      region: 'US-ID',
      confidence: 0.87,
      images: { plate: false, vehicle: false },
    },
    entry: {
      id: 'e-1',
      plate: 'BABC123',
      region: 'US-ID',
      list: 'state-extract',
      version: 4,
      list_imported_at: now,
      category: 'stolen_vehicle',
      reason: 'Stolen vehicle',
      case: '24-001923',
    },
    match: {
      class: 'look_alike',
      cost: 3.1,
      score: 0.045,
      aligned: [
        { read: '8', entry: 'B', kind: 'look_alike' },
        { read: 'A', entry: 'A', kind: 'same' },
        { read: 'B', entry: 'B', kind: 'same' },
        { read: 'C', entry: 'C', kind: 'same' },
        { read: 'I', entry: '1', kind: 'look_alike' },
        { read: '2', entry: '2', kind: 'same' },
        { read: '3', entry: '3', kind: 'same' },
      ],
      state: 'same',
    },
    raisedAt: now,
  }
  change(alert)
  return alert
}

/** @returns the stream's sequence */
export async function publishAlert(bus: Bus, alert: Alert): Promise<number> {
  return (await bus.js.publish(`alerts.v1.${alert.id}`, JSON.stringify(alert))).seq
}

/** The event of a verdict that it is verified. */
export function makeEvent({ id, read, entry }: Alert): AlertEvent {
  return {
    kind: 'verdict',
    id,
    verdict: 'verified',
    by: 'dispatcher',
    at: new Date().toISOString(),
    read: { camera: read.camera, time: read.time },
    entry: { list: entry.list },
  }
}
