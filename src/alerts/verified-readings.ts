// What people have verified, as readings whose true plates are known: for fitting a model.
import type { Bus } from '../bus/connection.ts'
import { STREAM } from '../bus/streams.ts'
import type { VerdictKind } from '../domain/alert-event.ts'
import { isPattern } from '../domain/plate.ts'
import type { LabelledReading } from '../matching/fit-evidence.ts'
import { ReplayReader } from './replay.ts'

/**
 * Of each read whose alert stands as verified now the reading and the entry's plate. Patterns are
 * no plates and are left out; a read that alerted for several entries of one plate counts once.
 * Misreads out of a list's reach never alerted: they are missing here.
 * @throws HotplateError BUS_UNAVAILABLE
 */
export async function verifiedReadings(bus: Bus): Promise<LabelledReading[]> {
  const { state } = await bus.jsm.streams.info(STREAM.alerts)
  const reader = new ReplayReader(bus)
  const readings = new Map<string, { read: string; reading: LabelledReading }>()
  const verdicts = new Map<string, VerdictKind>()
  for (let at = Math.max(0, state.first_seq - 1); at < state.last_seq; ) {
    const { items, upto } = await reader.page(at, state.last_seq)
    for (const item of items) {
      if (item.kind === 'update') {
        verdicts.set(item.alert.id, item.alert.verdict)
        continue
      }
      const { id, read, entry } = item.alert
      if (isPattern(entry.plate)) continue
      const reading = { true_plate: entry.plate, read_plate: read.plate }
      readings.set(id, { read: `${read.camera} ${read.id} ${entry.plate}`, reading })
    }
    at = upto
  }
  const verified = [...readings].filter(([id]) => verdicts.get(id) === 'verified')
  return [...new Map(verified.map(([, { read, reading }]) => [read, reading])).values()]
}
