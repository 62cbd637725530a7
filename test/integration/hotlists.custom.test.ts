// Custom entries as documents on a real nats-server: who may do what, two people at once, and what
// is on record. Were it wrong, an approval would stand that nobody gave to what it says now.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ensureStreams } from '../../src/bus/streams.ts'
import { configSchema } from '../../src/config/schema.ts'
import type { ApprovalState } from '../../src/domain/approval.ts'
import { DAY_MS } from '../../src/domain/time.ts'
import { ApprovalOvertaken } from '../../src/hotlists/approvals.ts'
import {
  addCustom,
  amendCustom,
  type CustomPatch,
  type CustomStep,
  stepCustom,
} from '../../src/hotlists/custom-changes.ts'
import { historyOf } from '../../src/hotlists/events.ts'
import { inboxOf } from '../../src/hotlists/inbox.ts'
import { createList, decideSettings } from '../../src/hotlists/settings-changes.ts'
import {
  ANN,
  type CustomGround,
  caller,
  customGround,
  customIn,
  drafted,
  SAM,
  SUE,
} from '../helpers/custom.ts'
import { startNats, type TestNats } from '../helpers/nats.ts'
import { until } from '../helpers/until.ts'

const ADA = caller('ada', 'administrator')

let nats: TestNats
let o: CustomGround
beforeAll(async () => {
  nats = await startNats()
  await ensureStreams(nats.bus, configSchema.parse({}))
  o = await customGround(nats.bus)
  await createList(o, { name: 'bolo', category: 'custom', patch: {} }, ANN)
})
afterAll(async () => {
  o?.stop()
  await nats?.[Symbol.asyncDispose]()
})

const step = (id: string, action: CustomStep['action'], by = SUE, more: Partial<CustomStep> = {}) =>
  stepCustom(o, by, { list: 'bolo', id, action, note: 'Because', ...more })
const submitted = async (by = ANN) =>
  (await addCustom(o, by, 'bolo', drafted({ plate: 'TUV3947' }), true)).value.entry.id
const stateOf = async (id: string) =>
  (await o.manifests.custom.get(`bolo.${id}`))?.value.approval.state

test('401.4f a list takes entries once it is approved itself, and begins empty', async () => {
  await expect(submitted()).rejects.toMatchObject({ code: 'LIST_UNKNOWN' })
  await decideSettings(o, 'bolo', 'submit', ANN)
  await expect(submitted()).rejects.toMatchObject({ code: 'LIST_UNKNOWN' })
  await decideSettings(o, 'bolo', 'approve', SUE)
  const ids = await Promise.all([submitted(), submitted()])
  expect(new Set(ids).size).toBe(2)
  const manifest = (await o.manifests.get('bolo'))?.value
  expect(manifest).toMatchObject({ category: 'custom', profile: 'fold', entries: 0 })
})

test('401.4f of two supervisors at once one wins, and the other is told who', async () => {
  const id = await submitted()
  const results = await Promise.allSettled([
    step(id, 'approve', SUE),
    step(id, 'return', SAM),
    step(id, 'approve', SAM),
  ])
  const won = results.filter(({ status }) => status === 'fulfilled')
  expect(won).toHaveLength(1)
  const state = await stateOf(id)
  const winner = results[0]?.status === 'fulfilled' ? 'sue' : 'sam'
  for (const result of results) {
    if (result.status === 'fulfilled') continue
    expect(result.reason).toBeInstanceOf(ApprovalOvertaken)
    expect(result.reason).toMatchObject({
      code: 'APPROVAL_OVERTAKEN',
      message: expect.stringContaining(`but ${winner} has changed it since`),
      standing: { state, by: winner },
    })
  }
  const told = await historyOf(nats.bus, 'bolo', { object: `entry:${id}` })
  expect(told.filter(({ refused }) => refused === 'approval_overtaken')).toHaveLength(2)
})

test('401.4f a decision on what was seen before an amendment is refused', async () => {
  const { value, revision } = await addCustom(o, ANN, 'bolo', drafted({ plate: 'MNP4739' }), true)
  const { id } = value.entry
  await amendCustom(o, ANN, { list: 'bolo', id }, { plate: '2TA*' })
  await step(id, 'submit', ANN)
  await expect(step(id, 'approve', SUE, { revision })).rejects.toMatchObject({
    code: 'APPROVAL_OVERTAKEN',
    standing: { action: 'submit', by: 'ann' },
  })
  expect(await stateOf(id)).toBe('submitted')
})

describe('an approved entry', () => {
  const end = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString()
  test.each<[string, CustomPatch, 'draft' | 'active']>([
    ['a wildcard', { plate: 'TUV39*' }, 'draft'],
    ['another plate', { plate: 'TUV3948' }, 'draft'],
    ['a state', { region: 'US-ID' }, 'draft'],
    ['a wider profile', { profile: 'fold+1' }, 'draft'],
    ['the end of its narrow profile', { profile: null }, 'draft'],
    ['a later end', { expires_at: end(3) }, 'draft'],
    ['another reason', { reason: 'Witness' }, 'draft'],
    ['another purpose', { purpose: 'missing_person' }, 'draft'],
    ['a case', { case: 'SV26-1' }, 'draft'],
    ['an earlier end', { expires_at: end(0.5) }, 'active'],
    ['instructions', { details: { instructions: 'Do not stop, observe' } }, 'active'],
    ['a vehicle', { vehicle: { color: 'white' } }, 'active'],
  ])(
    '401.4f with %s asks for approval anew, or does not have to: %j %s',
    async (_, patch, state) => {
      const given = drafted({ plate: 'TUV3947', profile: 'exact' })
      const { id } = (await addCustom(o, ANN, 'bolo', given, true)).value.entry
      await step(id, 'approve')
      const amended = await amendCustom(o, SAM, { list: 'bolo', id }, patch)
      expect(amended.value.approval.state).toBe(state)
      const kept = Object.entries(patch).filter(([, value]) => value !== null)
      expect(amended.value.entry).toMatchObject(Object.fromEntries(kept))
      if (state === 'active') return
      // Who has changed it has written it.
      await step(id, 'submit', SAM)
      await expect(step(id, 'approve', SAM)).rejects.toMatchObject({ code: 'APPROVAL_SELF' })
      expect((await step(id, 'approve', SUE)).value.approval.state).toBe('active')
    },
  )

  test('can not be given an end that is over, or past what may be', async () => {
    const id = await submitted()
    await step(id, 'approve')
    for (const expires_at of [end(-1), end(31)]) {
      const amended = amendCustom(o, ANN, { list: 'bolo', id }, { expires_at })
      await expect(amended).rejects.toMatchObject({ code: 'ENTRY_INVALID' })
    }
    expect(await stateOf(id)).toBe('active')
  })
})

test('401.4f what may not be done changes nothing, and is on record', async () => {
  const id = await submitted(SUE)
  const refused = [
    [step(id, 'approve', SUE), 'APPROVAL_SELF'],
    [step(id, 'approve', ANN), 'APPROVAL_RIGHT'],
    [step(id, 'approve', ADA), 'APPROVAL_RIGHT'],
    [step(id, 'activate_urgently', ANN), 'APPROVAL_RIGHT'],
    [step(id, 'expire', SUE), 'APPROVAL_RIGHT'],
    [step(id, 'return', SAM, { note: ' ' }), 'APPROVAL_NOTE'],
    [step(id, 'confirm', SAM), 'APPROVAL_STATE'],
    [amendCustom(o, ADA, { list: 'bolo', id }, { plate: 'A1' }), 'APPROVAL_RIGHT'],
  ] as const
  for (const [asked, code] of refused) await expect(asked).rejects.toMatchObject({ code })
  await expect(
    addCustom(o, ADA, 'bolo', drafted({ plate: 'TUV3947' }), false),
  ).rejects.toMatchObject({ code: 'APPROVAL_RIGHT' })
  expect(await stateOf(id)).toBe('submitted')
  const told = await historyOf(nats.bus, 'bolo', { object: `entry:${id}` })
  const codes = told.flatMap(({ refused: code }) => code?.toUpperCase() ?? [])
  expect(codes.toSorted()).toEqual(refused.map(([, code]) => code).toSorted())
  await expect(step('none', 'approve')).rejects.toMatchObject({ code: 'ENTRY_UNKNOWN' })
})

test('401.9b what can not be put on record is not made, and not approved', async () => {
  const id = await submitted()
  const { config } = await nats.bus.jsm.streams.info('AUDIT')
  await nats.bus.jsm.streams.update('AUDIT', { subjects: ['audit.v1.*'] })
  const before = (await o.manifests.custom.all()).size
  try {
    await expect(step(id, 'approve')).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' })
    await expect(submitted()).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' })
  } finally {
    await nats.bus.jsm.streams.update('AUDIT', { subjects: config.subjects })
  }
  expect(await stateOf(id)).toBe('submitted')
  expect((await o.manifests.custom.all()).size).toBe(before)
})

test('entries by hand, and patterns among them, are as many as one index serves well', async () => {
  const full = (count: number, plate: (n: number) => string, state?: ApprovalState) => {
    const all = Array.from({ length: count }, (_, n) =>
      customIn('bolo', { plate: plate(n) }, state),
    )
    const entries = new Map(all.map((value, n) => [String(n), { value, revision: 1 }]))
    return { ...o, mirror: { entries } }
  }
  const add = (ground: CustomGround, plate: string) =>
    addCustom(ground, ANN, 'bolo', drafted({ plate }), false)
  const patterns = full(5_000, (n) => `${n}A*`)
  const too_many = { code: 'ENTRIES_TOO_MANY' }
  await expect(add(patterns, 'TUV*')).rejects.toMatchObject(too_many)
  const { id } = (await add(patterns, 'TUV3947')).value.entry
  const at = { list: 'bolo', id }
  await expect(amendCustom(patterns, ANN, at, { plate: 'TUV*' })).rejects.toMatchObject(too_many)
  await expect(add(full(10_000, String), 'TUV3947')).rejects.toMatchObject({
    ...too_many,
    message: expect.stringMatching(/^Expected at most 10000 .* but there are 10000, 0 of them/),
  })
  await add(
    full(10_000, (n) => `${n}A*`, 'expired'),
    'TUV*',
  )
})

test('a case number has to have the form that the agency has set', async () => {
  const ground = { ...o, limits: { ...o.limits, case_pattern: '[A-Z]{2}26-[0-9]{4}' } }
  const add = (given: { case?: string }) =>
    addCustom(ground, ANN, 'bolo', drafted({ plate: 'TUV3947', ...given }), false)
  expect((await add({ case: 'SV26-1234' })).value.entry.case).toBe('SV26-1234')
  for (const [given, came] of [
    [{ case: '17' }, '"17"'],
    [{ case: 'SV26-1234 and more' }, '"SV26-1234 and more"'],
    [{}, 'none'],
  ] as const) {
    await expect(add(given)).rejects.toMatchObject({
      code: 'ENTRY_INVALID',
      message: `Expected a case number like [A-Z]{2}26-[0-9]{4} but received ${came}`,
    })
  }
})

test('what waits is shown with the urgent ones first', async () => {
  const ids = [await submitted(), await submitted(), await submitted()]
  await step(ids[2] as string, 'activate_urgently', SUE)
  await step(ids[0] as string, 'approve', SUE)
  const inbox = () => {
    const all = [...o.mirror.entries.values()].map(({ value }) => value)
    const items = inboxOf({
      custom: all,
      cleared: [],
      lists: [],
      versions: [],
      inForce: () => null,
    })
    return items.filter((item) => ids.includes(item.id))
  }
  await until(
    () =>
      inbox()
        .map(({ id }) => id)
        .join() === [ids[2], ids[1]].join(),
  )
  expect(inbox()).toMatchObject([
    { subject: 'entry', list: 'bolo', by: 'sue', authors: ['ann'], urgent: true, overdue: false },
    { what: 'TUV3947, Armed', by: 'ann', urgent: false },
  ])
})
