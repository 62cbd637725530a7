// Alerts as the ingest raises them, for tests that publish their own into the ALERTS stream.
import { randomBytes } from 'node:crypto'
import type { Bus } from '../../src/bus/connection.ts'
import {
  type Alert,
  type TraitCompared,
  VEHICLE_TRAITS,
  type VehicleCompared,
} from '../../src/domain/alert.ts'
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
      posterior: 0.82,
      aligned: [
        { read: '8', entry: 'B', kind: 'look_alike', cost: 1.55 },
        { read: 'A', entry: 'A', kind: 'same', cost: 0 },
        { read: 'B', entry: 'B', kind: 'same', cost: 0 },
        { read: 'C', entry: 'C', kind: 'same', cost: 0 },
        { read: 'I', entry: '1', kind: 'look_alike', cost: 1.55 },
        { read: '2', entry: '2', kind: 'same', cost: 0 },
        { read: '3', entry: '3', kind: 'same', cost: 0 },
      ],
      state: 'same',
      vehicle: vehicleCompared(),
      model: { name: 'general', version: 1 },
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

/** Nothing is known of the vehicle. */
function vehicleCompared(): VehicleCompared {
  const unknown: TraitCompared = { verdict: 'unknown', seen: '', listed: '' }
  const traits = VEHICLE_TRAITS.map((trait) => [trait, unknown])
  return Object.fromEntries(traits) as VehicleCompared
}
