// What waits for a decision, and in which order. Were it wrong, an urgent entry on one person's
// word would stand below a list's new title, or a supervisor would be asked what was long decided.
import { expect, test } from 'vitest'
import { type Actor, type Approval, decide, draft, PROGRAM } from '../../src/domain/approval.ts'
import { defaultSettings } from '../../src/domain/list-settings.ts'
import type { CustomEntry } from '../../src/hotlists/custom.ts'
import { inboxOf } from '../../src/hotlists/inbox.ts'
import { newRecord, type VersionRecord } from '../../src/hotlists/versions.ts'
import { customIn } from '../helpers/custom.ts'

const NOW = Date.parse('2026-11-26T12:00:00.000Z')
const ann: Actor = { name: 'ann', roles: ['dispatcher'] }
const sue: Actor = { name: 'sue', roles: ['supervisor'] }
const sam: Actor = { name: 'sam', roles: ['supervisor'] }

const submitted = (subject: Approval['subject'], at_ms: number) =>
  decide(draft(subject, ann, at_ms - 60_000), 'submit', ann, at_ms)
const entry = (plate: string, approval: Approval): CustomEntry => ({
  ...customIn('bolo', { plate }),
  approval,
})
const version = (number: number, more: Partial<VersionRecord> = {}): VersionRecord => ({
  ...newRecord(number, 1),
  list: 'stolen',
  stage: 'staged',
  matching: { category: 'custom', profile: 'fold' },
  source: { file: 'a.csv', format: 'csv' },
  approval: submitted('import', NOW),
  ...more,
})
const told = (waiting: Partial<Parameters<typeof inboxOf>[0]>) =>
  inboxOf({ custom: [], lists: [], versions: [], cleared: [], inForce: () => 3, ...waiting })

test('overdue urgent ones come first, then urgent ones, then whoever waits longest', () => {
  const urgent = decide(submitted('entry', NOW), 'activate_urgently', sue, NOW + 5, 'Child')
  const overdue = decide(urgent, 'escalate', PROGRAM, NOW + 3_600_005)
  const custom = [
    entry('LATE1', submitted('entry', NOW + 9)),
    entry('EARLY1', submitted('entry', NOW + 1)),
    entry('URGENT1', urgent),
    entry('OVERDUE1', overdue),
    entry('DONE1', decide(overdue, 'confirm', sam, NOW)),
    entry('DRAFT1', draft('entry', ann, NOW)),
    entry('RETURN1', decide(submitted('entry', NOW), 'return', sue, NOW, 'Which state?')),
  ]
  expect(told({ custom }).map(({ id, by, since }) => [id, by, Date.parse(since) - NOW])).toEqual([
    ['OVERDUE1', 'sue', 5],
    ['URGENT1', 'sue', 5],
    ['EARLY1', 'ann', 1],
    ['LATE1', 'ann', 9],
  ])
})

test('of versions those wait that may still come into force, and why they are held', () => {
  const counts = { ...newRecord(5, 1).counts, added: 7, changed: 2, removed: 1 }
  const versions = [
    version(2),
    version(3),
    version(4, { held: ['It lost half of its entries', 'No footer'] }),
    version(5, { counts }),
    version(6, { stage: 'failed' }),
    version(7, { approval: decide(submitted('import', NOW), 'return', sue, NOW, 'Old') }),
  ]
  expect(told({ versions }).map(({ subject, id, what }) => `${subject} ${id}: ${what}`)).toEqual([
    'import 4: Held: It lost half of its entries; No footer',
    'import 5: 7 added, 2 changed, 1 removed',
  ])
})

test('of lists those with a proposal that somebody has submitted', () => {
  const settings = { ...defaultSettings('watch', 'custom', 'fold'), title: 'Local watch' }
  const stated = (approval: Approval) => ({ settings, approval })
  const lists = [
    { name: 'watch', approved: null, proposed: stated(submitted('list', NOW)) },
    { name: 'draft', approved: null, proposed: stated(draft('list', ann, NOW)) },
    { name: 'quiet', approved: stated(submitted('list', NOW)), proposed: null },
  ]
  expect(told({ lists })).toEqual([
    {
      subject: 'list',
      list: 'watch',
      id: 'watch',
      what: 'New list: Local watch',
      by: 'ann',
      authors: ['ann'],
      since: new Date(NOW).toISOString(),
      urgent: false,
      overdue: false,
    },
  ])
})
