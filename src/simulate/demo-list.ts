// The demo's hot lists: about 2,000 invented entries of the kinds that a police department has.
import type { Category, Entry, EntryDetails, Profile } from '../domain/hotlist.ts'
import { Random } from '../domain/random.ts'
import { drawPlate } from './plates.ts'
import { drawVehicle, type ListedVehicle } from './vehicles.ts'

/**
 * False alerts per million reads that the demo accepts: some fifteen an hour of its traffic, so
 * that a newcomer sees what misreads look like, and wrong alerts too.
 */
export const DEMO_FALSE_ALERTS_PER_MILLION = 200

export interface DemoList {
  name: string
  title: string
  category: Category
  profile: Profile
  entries: Entry[]
}

interface Kind {
  name: string
  title: string
  category: Category
  profile: Profile
  entries: number
  /** Letters before a case number. */
  series: string
  reasons: readonly string[]
  /** Entries of which only a part of the plate is known. */
  partial?: readonly Pick<Entry, 'plate' | 'reason' | 'vehicle'>[]
}

const KINDS: readonly Kind[] = [
  {
    name: 'stolen-vehicles',
    title: 'Stolen vehicles',
    category: 'stolen_vehicle',
    profile: 'fold+1',
    entries: 900,
    series: 'SV',
    reasons: [
      'Stolen vehicle, taken from a driveway with the keys inside',
      'Stolen vehicle, taken from a car park overnight',
      'Stolen vehicle, reported by a rental company',
      'Stolen vehicle, taken during a burglary',
      'Stolen vehicle, failure to return',
      'Carjacking, occupants may be armed',
    ],
  },
  {
    name: 'stolen-plates',
    title: 'Stolen plates',
    category: 'stolen_plate',
    profile: 'fold+1',
    entries: 420,
    series: 'SP',
    reasons: [
      'Stolen plate, both plates taken',
      'Stolen plate, rear plate taken',
      'Lost plate, reported by the owner',
      'Plate seen on another vehicle',
    ],
  },
  {
    name: 'wanted-persons',
    title: 'Wanted persons',
    category: 'wanted_person',
    profile: 'fold+1',
    entries: 260,
    series: 'WP',
    reasons: [
      'Wanted person, felony warrant, aggravated battery',
      'Wanted person, felony warrant, burglary',
      'Wanted person, felony warrant, drug trafficking',
      'Wanted person, parole violation',
      'Wanted person, failure to appear',
    ],
  },
  {
    name: 'missing-persons',
    title: 'Missing persons',
    category: 'missing_person',
    profile: 'fold+1',
    entries: 60,
    series: 'MP',
    reasons: [
      'Missing person, endangered adult',
      'Missing person, may need medical care',
      'Missing child, family abduction',
      'Missing juvenile, runaway',
    ],
  },
  {
    name: 'warrants',
    title: 'Warrants',
    category: 'warrant',
    profile: 'fold',
    entries: 250,
    series: 'WA',
    reasons: [
      'Misdemeanor warrant, failure to appear',
      'Misdemeanor warrant, driving without privileges',
      'Bench warrant, unpaid fine',
    ],
  },
  {
    name: 'protection-orders',
    title: 'Protection orders',
    category: 'protection_order',
    profile: 'fold',
    entries: 80,
    series: 'PO',
    reasons: ['Protection order, respondent', 'No-contact order, respondent'],
  },
  {
    name: 'local-watch',
    title: 'Local watch',
    category: 'custom',
    profile: 'exact',
    entries: 29,
    series: 'LW',
    partial: [
      {
        plate: '2TA*',
        reason: 'Hit and run, white Ford whose plate starts with 2TA',
        vehicle: { make: 'ford', color: 'white' },
      },
    ],
    reasons: [
      'Hit and run, vehicle of interest',
      'Catalytic converter thefts, vehicle of interest',
      'Fuel theft, vehicle of interest',
      'Attempt to locate, welfare check',
    ],
  },
]

/** What goes with an entry of such a reason to whoever acts on it. */
const WARNINGS: Readonly<Record<string, EntryDetails>> = {
  'Carjacking, occupants may be armed': {
    cautions: ['Occupants may be armed'],
    instructions: 'Do not stop alone',
  },
  'Wanted person, felony warrant, aggravated battery': { cautions: ['Violent'] },
  'Missing person, may need medical care': { instructions: 'Welfare check, call medical help' },
  'Missing child, family abduction': {
    cautions: ['A child is in the vehicle'],
    instructions: 'Do not stop, observe and call',
  },
  'Attempt to locate, welfare check': { instructions: 'Welfare check' },
}

/** Shorter plates match too much. */
const PLATE_CHARS_MIN = 6

/** The same seed gives the same lists. Plates are distinct over all of them. */
export function demoHotList(seed: number): DemoList[] {
  const random = new Random(seed, 71)
  const taken = new Set<string>()
  return KINDS.map(({ name, title, category, profile, entries, series, reasons, partial = [] }) => {
    const idOf = (n: number) => `${name}-${String(n + 1).padStart(4, '0')}`
    const caseOf = () => `${series}26-${String(1_000 + random.below(9_000))}`
    const whole = Array.from({ length: entries }, (_, n): Entry => {
      const { plate, region } = drawFreePlate(random, taken)
      const reason = random.pick(reasons)
      const entry = {
        id: idOf(n),
        plate,
        region,
        reason,
        case: caseOf(),
        vehicle: drawVehicle(random),
      }
      const details = WARNINGS[reason]
      return details === undefined ? entry : { ...entry, details }
    })
    const open = partial.map((entry, n) => ({ id: idOf(entries + n), ...entry, case: caseOf() }))
    return { name, title, category, profile, entries: [...whole, ...open] }
  })
}

function drawFreePlate(random: Random, taken: Set<string>) {
  for (;;) {
    const drawn = drawPlate(random)
    if (drawn.plate.length < PLATE_CHARS_MIN || taken.has(drawn.plate)) continue
    taken.add(drawn.plate)
    return drawn
  }
}

/** A listed vehicle, and how far a read of it may be off and still alert. */
export interface StagedVehicle extends ListedVehicle {
  profile?: Profile
}

/** The lists' vehicles as the simulator puts them on the road. */
export function listedVehicles(lists: readonly DemoList[]): StagedVehicle[] {
  return lists.flatMap(({ profile, entries }) =>
    entries.map(({ plate, region, vehicle }) => ({
      plate,
      profile,
      ...(region === undefined ? {} : { region }),
      ...(vehicle === undefined ? {} : { vehicle }),
    })),
  )
}
