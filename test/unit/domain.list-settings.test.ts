// Who may know of a list, and what of new settings reaches further. A bug here shows as a covert
// list named to everybody (401.4b), or a list that alerts on more than anybody approved (401.4f).
import { describe, expect, it } from 'vitest'
import { FILE_CODES } from '../../src/domain/file-codes.ts'
import {
  defaultSettings,
  type ListSettings,
  maySee,
  seenByAllOf,
  staleHours,
  type Visibility,
} from '../../src/domain/list-settings.ts'
import type { Person } from '../../src/domain/roles.ts'
import { activatesItself, patched, purposeOfCode, widenings } from '../../src/hotlists/settings.ts'

const SETTINGS = defaultSettings('bolo', 'custom', 'fold')

const who = (more: Partial<Person> = {}): Person => ({
  user: 'dan',
  roles: ['dispatcher'],
  ilets: false,
  ...more,
})

describe('401.4b who may know of a list', () => {
  const seen = (visibility: Visibility, person: Person, ilets = false) =>
    maySee({ visibility, ilets }, person)

  it('all, some roles, or some people', () => {
    expect(seen({ kind: 'all' }, who({ roles: [] }))).toBe(true)
    expect(seen({ kind: 'roles', roles: ['supervisor'] }, who())).toBe(false)
    expect(seen({ kind: 'roles', roles: ['supervisor', 'dispatcher'] }, who())).toBe(true)
    expect(seen({ kind: 'people', people: ['dan'] }, who())).toBe(true)
    expect(seen({ kind: 'people', people: ['dana'] }, who())).toBe(false)
    const chief = who({ user: 'boss', roles: ['chief', 'administrator'] })
    expect(seen({ kind: 'covert', people: ['dan'] }, chief)).toBe(false)
  })

  it('none without the authorisation where it is state data, whoever else they are', () => {
    expect(seen({ kind: 'all' }, who(), true)).toBe(false)
    expect(seen({ kind: 'people', people: ['dan'] }, who(), true)).toBe(false)
    expect(seen({ kind: 'people', people: ['dan'] }, who({ ilets: true }), true)).toBe(true)
  })

  it('one list is seen by all of another only where that is certain', () => {
    const kinds: Visibility[] = [
      { kind: 'all' },
      { kind: 'roles', roles: ['supervisor'] },
      { kind: 'roles', roles: ['supervisor', 'dispatcher'] },
      { kind: 'people', people: ['dan'] },
      { kind: 'covert', people: ['dan', 'eve'] },
    ]
    const persons = [
      who(),
      who({ ilets: true }),
      who({ user: 'eve', roles: [] }),
      who({ user: 'sue', roles: ['supervisor'], ilets: true }),
      who({ user: 'sam', roles: ['records'] }),
    ]
    const lists = kinds.flatMap((visibility) =>
      [false, true].map((ilets) => ({ visibility, ilets })),
    )
    for (const one of lists) {
      expect(seenByAllOf(one, one)).toBe(true)
      for (const other of lists) {
        if (!seenByAllOf(one, other)) continue
        for (const person of persons) {
          expect(!maySee(one, person) || maySee(other, person)).toBe(true)
        }
      }
    }
    const [all, , , people, covert] = kinds.map((visibility) => ({ visibility, ilets: false }))
    expect(seenByAllOf(people as ListSettings, covert as ListSettings)).toBe(true)
    expect(seenByAllOf(covert as ListSettings, people as ListSettings)).toBe(false)
    expect(seenByAllOf(all as ListSettings, people as ListSettings)).toBe(false)
  })
})

describe('401.4f what reaches further', () => {
  const wide = (patch: Parameters<typeof patched>[1], from: ListSettings = SETTINGS) =>
    widenings(from, patched(from, patch))

  it('is a wider profile or budget, more hours, areas or people, and another purpose', () => {
    const night = { days: ['mon' as const], from: '22:00', to: '02:00' }
    const narrow = patched(SETTINGS, {
      profile: 'fold+1',
      false_alerts_per_million_max: 10,
      hours: [night],
      visibility: { kind: 'people', people: ['dan'] },
      ilets: true,
      refresh_hours_max: 24,
      when_stale: 'stop',
    })
    expect(wide({ profile: 'fold+2' }, narrow)).toEqual(['profile'])
    expect(wide({ false_alerts_per_million_max: 11 }, narrow)).toEqual([
      'false_alerts_per_million_max',
    ])
    expect(wide({ false_alerts_per_million_max: null }, narrow)).toEqual([
      'false_alerts_per_million_max',
    ])
    expect(wide({ hours: [] }, narrow)).toEqual(['hours'])
    expect(wide({ visibility: { kind: 'all' } }, narrow)).toEqual(['visibility'])
    expect(wide({ ilets: false }, narrow)).toEqual(['visibility'])
    expect(wide({ refresh_hours_max: 25 }, narrow)).toEqual(['refresh_hours_max'])
    expect(wide({ refresh_hours_max: null }, narrow)).toEqual(['refresh_hours_max'])
    expect(wide({ when_stale: 'alert' }, narrow)).toEqual(['when_stale'])
    expect(wide({ purpose: 'warrant', category: 'warrant' }, narrow)).toEqual([
      'category',
      'purpose',
    ])
  })

  it('is another feed, and other columns: both say who is looked for', () => {
    const feed = { kind: 'https' as const, url: 'https://a.example/list', every_minutes: 60 }
    const fed = patched(SETTINGS, { feed, format: { name: 'ncic' } })
    expect(widenings(SETTINGS, fed)).toEqual(['feed', 'format'])
    expect(wide({ feed: { ...feed, url: 'https://b.example/list' } }, fed)).toEqual(['feed'])
    expect(wide({ feed: null }, fed)).toEqual(['feed'])
    expect(wide({ format: { name: 'mi' } }, fed)).toEqual(['format'])
    expect(wide({ feed, format: { name: 'ncic' } }, fed)).toEqual([])
  })

  it('is nothing that narrows, or only says it better', () => {
    expect(
      wide({
        title: 'Be on the lookout',
        contact: 'Sgt. Day, 555-0100',
        priority: 1,
        profile: 'exact',
        hours: [{ days: ['mon'], from: '08:00', to: '16:00' }],
        visibility: { kind: 'covert', people: ['dan'] },
        ilets: true,
        refresh_hours_max: 24,
        when_stale: 'stop',
        shrink_share_max: 0.1,
      }),
    ).toEqual([])
  })

  it('is any import but that of a registered government source', () => {
    const registered = {
      agency: 'FBI',
      registered_by: 'ada',
      registered_at: '2026-11-26T00:00:00Z',
    }
    expect(activatesItself(SETTINGS)).toBe(false)
    expect(activatesItself({ ...SETTINGS, source: { kind: 'government', ...registered } })).toBe(
      true,
    )
  })

  it('takes an optional setting away by null', () => {
    const with_contact = patched(SETTINGS, { contact: 'desk', refresh_hours_max: 12 })
    const without = patched(with_contact, { contact: null, refresh_hours_max: null })
    expect(without).toEqual(SETTINGS)
  })
})

describe('401.1 federal file codes', () => {
  it('serve a purpose of the policy, or none until an administrator has decided', () => {
    const none = [...FILE_CODES].filter(([, { purpose }]) => purpose === null).map(([code]) => code)
    expect(none).toEqual(['C', 'H', 'K', 'L', 'N', 'R', 'T', 'X'])
    expect(purposeOfCode(SETTINGS, 'V')).toBe('stolen_or_wanted_vehicle')
    expect(purposeOfCode(SETTINGS, 'N')).toBeNull()
    // A letter that nobody has told us of.
    expect(purposeOfCode(SETTINGS, 'Z')).toBeNull()
    expect(purposeOfCode(SETTINGS, 'constructor')).toBeNull()
    const at = '2026-11-26T12:00:00.000Z'
    const decided = {
      ...SETTINGS,
      file_codes: {
        H: { purpose: 'suspect_interdiction' as const, by: 'ada', at },
        M: { purpose: null, by: 'ada', at },
      },
    }
    expect(purposeOfCode(decided, 'H')).toBe('suspect_interdiction')
    expect(purposeOfCode(decided, 'M')).toBeNull()
  })
})

describe('the age of a list', () => {
  it('is told in whole hours once it is past its time', () => {
    const refreshed_at = '2026-11-25T00:00:00.000Z'
    const later = (hours: number) => Date.parse(refreshed_at) + hours * 3_600_000
    expect(staleHours({ refresh_hours_max: 24 }, refreshed_at, later(24))).toBeNull()
    expect(staleHours({ refresh_hours_max: 24 }, refreshed_at, later(31.9))).toBe(31)
    expect(staleHours({}, refreshed_at, later(10_000))).toBeNull()
  })
})
