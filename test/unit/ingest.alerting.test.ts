// Which hits alert, and what their alerts say. A bug here shows as an alert that nobody gets, five
// for one car, a stop on a list that nobody stands by any more, or an officer who was not told that
// the driver is armed.
import { describe, expect, it } from 'vitest'
import type { Sighting } from '../../src/alerts/raise.ts'
import type { Alert } from '../../src/domain/alert.ts'
import { LocalClock } from '../../src/domain/alerting.ts'
import type { Entry, HotList } from '../../src/domain/hotlist.ts'
import { defaultSettings, type ListSettings } from '../../src/domain/list-settings.ts'
import type { Clearance } from '../../src/hotlists/cleared.ts'
import { type AlertingOptions, sightedVehicles } from '../../src/ingest/alerting.ts'
import type { Hit } from '../../src/ingest/work.ts'
import { loadVehicleTable } from '../../src/matching/vehicle-table.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { makeAlert } from '../helpers/alert.ts'

/** A Thursday, 15:30 in Boise. */
const NOW = Date.parse('2026-11-26T22:30:00.000Z')
const VEHICLES = loadVehicleTable()

interface Listed {
  list: string
  entry?: Partial<Entry>
  settings?: Partial<ListSettings>
  /** Of the read that hit it. */
  read?: Partial<Hit['read']>
  posterior?: number
  imported_at?: string
  in_force?: boolean
  custom?: true
  /** That silences it. */
  clearance?: Clearance
  silenced?: boolean
}

/** Clearances that were counted. */
const counted: string[] = []

function listOf({ list, imported_at = new Date(NOW).toISOString() }: Listed): HotList {
  return { name: list, category: 'custom', profile: 'fold', version: 3, entries: 1, imported_at }
}

function hitOf({ read, posterior = 1 }: Listed, entry: number): Hit {
  const { vehicle: _, ...match } = makeAlert().match
  return {
    read: {
      camera: 'pole-1',
      id: 'r-1',
      time_ms: NOW,
      device_time_ms: null,
      plate: '2TAB123',
      region: 'US-ID',
      confidence: null,
      char_confidence: null,
      candidates: null,
      location: { lat: 42.56, lon: -114.46 },
      heading: null,
      lane: null,
      vehicle: null,
      image_plate: null,
      image_vehicle: null,
      ...read,
    },
    received_ms: NOW,
    images: { plate: false, vehicle: false },
    entry,
    match: { ...match, posterior },
  }
}

function vehiclesOf(listed: Listed[], metrics = createMetrics()): Sighting[][] {
  const settings: AlertingOptions['settings'] = {
    of: ({ name }) => ({
      ...defaultSettings(name, 'custom', 'fold'),
      ...listed.find(({ list }) => list === name)?.settings,
    }),
    isInForce: (name) => listed.find(({ list }) => list === name)?.in_force ?? true,
  }
  const generation = {
    at(index: number) {
      const one = listed[index] as Listed
      const entry = { id: `e-${index}`, plate: '2TAB123', reason: 'Seen', ...one.entry }
      return { list: listOf(one), entry, ...(one.custom ? { custom: true as const } : {}) }
    },
  }
  const clock = new LocalClock('America/Boise')
  const cleared = {
    of: (list: string) => listed.find((one) => one.list === list)?.clearance ?? null,
  }
  const cleared_tally = { add: ({ id }: { id: string }) => counted.push(id) }
  const lists = {
    isSilenced: ({ entry }: { entry: Entry }) =>
      listed[Number(entry.id.slice(2))]?.silenced ?? false,
  }
  const watched = { lists, settings, cleared, cleared_tally, clock }
  const o = { ...watched, vehicles: VEHICLES, metrics, now: () => NOW }
  return sightedVehicles(o, generation, listed.map(hitOf))
}

/** The alert of each sighting of each vehicle, were it raised. */
function raised(listed: Listed[], metrics = createMetrics()): Alert[][] {
  return vehiclesOf(listed, metrics).map((vehicle) =>
    vehicle.map((one) =>
      one.build(
        'id',
        vehicle.filter((other) => other !== one),
      ),
    ),
  )
}

const named = (alerts: Alert[][]) =>
  alerts.map((vehicle) => vehicle.map(({ entry }) => `${entry.list}.${entry.id}`))

async function keptBack(listed: Listed): Promise<string | undefined> {
  const metrics = createMetrics()
  expect(raised([listed], metrics)).toEqual([])
  const { values } = await metrics.alertsKeptBack.get()
  expect(values).toHaveLength(1)
  expect(values[0]).toMatchObject({ value: 1, labels: { list: listed.list } })
  const { cause } = (values[0]?.labels ?? {}) as { cause?: string }
  return cause
}

describe('what keeps a hit from alerting, counted per list and cause', () => {
  it('401.4f a list that nobody has approved, or that was revoked', async () => {
    expect(await keptBack({ list: 'a', in_force: false })).toBe('not_in_force')
  })

  it('a vehicle that is cleared for the entry, counted by its clearance', async () => {
    const clearance: Clearance = {
      id: '00000000000000aa',
      list: 'a',
      entry_id: 'e-0',
      entry_plate: '2TAB128',
      plate: '2TAB123',
      reason: 'Stopped and checked',
      expires_at: new Date(NOW + 1).toISOString(),
      approval: { subject: 'cleared', state: 'active', authors: ['ann'], history: [] },
    }
    expect(await keptBack({ list: 'a', clearance })).toBe('cleared')
    expect(counted).toEqual([clearance.id])
  })

  it('401.4f an entry revoked while its batch was under way', async () => {
    expect(await keptBack({ list: 'a', silenced: true })).toBe('not_in_force')
  })

  it('401.4f an entry past its end', async () => {
    const expires_at = new Date(NOW).toISOString()
    expect(await keptBack({ list: 'a', entry: { expires_at } })).toBe('expired')
    const later = new Date(NOW + 1).toISOString()
    const [[alert]] = raised([{ list: 'a', entry: { expires_at: later } }]) as [[Alert]]
    expect(alert.entry.expires_at).toBe(later)
  })

  it('a stale list that is to stop; any other alerts, and says how old it is', async () => {
    const imported_at = new Date(NOW - 31.5 * 3_600_000).toISOString()
    const stale = { list: 'a', imported_at, settings: { refresh_hours_max: 24 } }
    const stop = { ...stale.settings, when_stale: 'stop' as const }
    expect(await keptBack({ ...stale, settings: stop })).toBe('stale')
    // What a person has entered is as fresh as its own approval.
    const [[own]] = raised([{ ...stale, settings: stop, custom: true }]) as [[Alert]]
    expect(own.entry).not.toHaveProperty('list_stale_h')
    const [[alert]] = raised([stale]) as [[Alert]]
    expect(alert.entry.list_stale_h).toBe(31)
    const [[fresh]] = raised([{ ...stale, settings: { refresh_hours_max: 32 } }]) as [[Alert]]
    expect(fresh.entry).not.toHaveProperty('list_stale_h')
  })

  it('hours, by the time of the read and the clock of the agency', async () => {
    const hours = [{ days: ['thu' as const], from: '15:00', to: '16:00' }]
    const day = { list: 'a', settings: { hours } }
    expect(raised([day])).toHaveLength(1)
    const late = { ...day, read: { time_ms: NOW + 30 * 60_000 } }
    expect(await keptBack(late)).toBe('hours')
  })

  it('areas; a read without a location alerts anyway', async () => {
    const center = { lat: 43, lon: -114 }
    const areas = [{ kind: 'circle' as const, name: 'north', center, radius_m: 500 }]
    const north = { list: 'a', settings: { areas } }
    expect(await keptBack(north)).toBe('area')
    expect(raised([{ ...north, read: { location: null } }])).toHaveLength(1)
    expect(raised([{ ...north, read: { location: center } }])).toHaveLength(1)
  })
})

describe('a vehicle on several lists', () => {
  const at = (list: string, priority: 1 | 2 | 3 | 4, more: Partial<Listed> = {}): Listed => ({
    list,
    ...more,
    settings: { priority, ...more.settings },
  })

  it('has its sightings in the order of urgency', () => {
    const urgent = { entry: { details: { urgent: true as const } } }
    const alerts = raised([at('c', 2), at('b', 2), at('a', 4, urgent), at('d', 1)])
    expect(named(alerts)).toEqual([['a.e-2', 'd.e-3', 'b.e-1', 'c.e-0']])
    expect(alerts[0]?.[0]?.also?.map(({ list }) => list)).toEqual(['d', 'b', 'c'])
  })

  it('is one whichever way O and 0 are written, and another for another plate or read', () => {
    const plate = (text: string) => ({ entry: { plate: text } })
    const alerts = raised([
      at('a', 1, plate('2TAO123')),
      at('b', 2, plate('2TA0123')),
      at('c', 3, plate('2TAQ123')),
      at('d', 3, { read: { id: 'r-2' } }),
      at('e', 3, { read: { camera: 'pole-2' } }),
    ])
    expect(named(alerts)).toEqual([['a.e-0', 'b.e-1'], ['c.e-2'], ['d.e-3'], ['e.e-4']])
  })

  it('names with each what must not be missed: instructions and cautions too', () => {
    const details = { instructions: 'Do not stop, observe', cautions: ['armed'] }
    const [[first]] = raised([at('a', 1), at('b', 2, { entry: { details } })]) as [[Alert]]
    expect(first.also).toEqual([
      {
        list: 'b',
        id: 'e-1',
        version: 3,
        priority: 2,
        category: 'custom',
        reason: 'Seen',
        ...details,
      },
    ])
  })

  const speaks = (one: Partial<Listed>, other: Partial<Listed>): boolean | undefined => {
    const [vehicle = []] = vehiclesOf([at('a', 1, one), at('b', 2, other)])
    return vehicle[0]?.speaksFor?.(vehicle[1] as Sighting)
  }

  it('401.4b the first speaks for others only to those who get its alert', () => {
    const covert = { settings: { visibility: { kind: 'covert' as const, people: ['dan'] } } }
    expect(speaks({}, {})).toBe(true)
    expect(speaks({}, covert)).toBe(true)
    expect(speaks(covert, {})).toBe(false)
    expect(speaks({ settings: { ilets: true } }, {})).toBe(false)
    expect(speaks({}, { settings: { ilets: true } })).toBe(true)
  })

  it('and never for the same plate of another state', () => {
    const of = (region: string) => ({ entry: { region } })
    expect(speaks(of('US-ID'), of('US-WA'))).toBe(false)
    expect(speaks(of('US-ID'), of('US-ID'))).toBe(true)
    expect(speaks(of('US-ID'), {})).toBe(true)
  })
})

describe('what an alert says', () => {
  it('401.1 its purpose: of the entry, else of its file code, else of the list', () => {
    const purpose = (one: Partial<Listed>) => {
      const [[alert]] = raised([{ list: 'a', ...one }]) as [[Alert]]
      return [alert.entry.purpose, alert.entry.category]
    }
    expect(purpose({})).toEqual(['suspect_interdiction', 'custom'])
    const missing = { details: { file_code: 'M' } }
    expect(purpose({ entry: missing })).toEqual(['missing_person', 'missing_person'])
    expect(purpose({ entry: { ...missing, purpose: 'warrant' } })).toEqual([
      'warrant',
      'missing_person',
    ])
    const at = new Date(NOW).toISOString()
    const decided = { purpose: 'warrant' as const, by: 'ada', at }
    expect(
      purpose({
        entry: { details: { file_code: 'H' } },
        settings: { file_codes: { H: decided } },
      }),
    ).toEqual(['warrant', 'protection_order'])
  })

  it('priority, contact, warnings, and whether it is state data', () => {
    const details = {
      instructions: 'Welfare check',
      cautions: ['armed', 'suicidal'],
      urgent: true as const,
    }
    const settings = { priority: 1 as const, contact: 'Desk, 555-0100', ilets: true }
    const [[alert]] = raised([{ list: 'a', entry: { details }, settings }]) as [[Alert]]
    expect(alert.entry).toMatchObject({ ...details, ...settings })
    expect(alert).not.toHaveProperty('also')
    const own = { details: { contact: 'Sgt. Day' } }
    const [[other]] = raised([{ list: 'a', entry: own, settings }]) as [[Alert]]
    expect(other.entry.contact).toBe('Sgt. Day')
  })
})
