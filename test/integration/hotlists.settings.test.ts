// Settings of lists on a real nats-server. Were this wrong, a list would alert on more than a
// second person has agreed to, or two supervisors would each believe that theirs stands.
import { Kvm } from '@nats-io/kv'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createAudit } from '../../src/access/audit.ts'
import { ensureStreams } from '../../src/bus/streams.ts'
import { configSchema } from '../../src/config/schema.ts'
import type { HotplateError } from '../../src/domain/error.ts'
import type { Caller } from '../../src/hotlists/approvals.ts'
import { historyOf } from '../../src/hotlists/events.ts'
import { type Manifests, openManifests } from '../../src/hotlists/manifest.ts'
import { openSettings, type SettingsDocuments } from '../../src/hotlists/settings.ts'
import {
  changeSettings,
  createList,
  decideFileCode,
  decideSettings,
  type SettingsOptions,
} from '../../src/hotlists/settings-changes.ts'
import { SettingsJob } from '../../src/hotlists/settings-job.ts'
import { SettingsView } from '../../src/hotlists/settings-view.ts'
import { createLog, type Logger } from '../../src/telemetry/log.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { startNats, type TestNats } from '../helpers/nats.ts'
import { putSettings, settingsInForce } from '../helpers/settings.ts'
import { until } from '../helpers/until.ts'

let nats: TestNats
let settings: SettingsDocuments
let manifests: Manifests
let o: SettingsOptions
beforeAll(async () => {
  nats = await startNats()
  await ensureStreams(nats.bus, configSchema.parse({}))
  settings = await openSettings(nats.bus)
  manifests = await openManifests(nats.bus)
  o = { settings, manifests, audit: createAudit(nats.bus) }
})
afterAll(async () => {
  await nats?.[Symbol.asyncDispose]()
})

const person = (name: string, ...roles: Caller['actor']['roles']): Caller => ({
  actor: { name, roles },
  from: '::1',
})
const ANN = person('ann', 'analyst')
const SUE = person('sue', 'supervisor')
const SAM = person('sam', 'supervisor')
const ADA = person('ada', 'administrator')

const custom = (name: string) => ({ name, category: 'custom' as const, patch: {} })
const manifestOf = (name: string) => ({
  name,
  category: 'custom' as const,
  profile: 'fold' as const,
  version: 1,
  entries: 0,
  imported_at: '2026-11-26T00:00:00.000Z',
})

describe('a custom list', () => {
  test('401.4f is in force once another person has approved it, never by its author', async () => {
    const drafted = await createList(o, custom('bolo'), SUE)
    expect(drafted.approved).toBeNull()
    await decideSettings(o, 'bolo', 'submit', SUE)
    await expect(decideSettings(o, 'bolo', 'approve', SUE)).rejects.toMatchObject({
      code: 'APPROVAL_SELF',
    })
    await expect(decideSettings(o, 'bolo', 'approve', ANN)).rejects.toMatchObject({
      code: 'APPROVAL_RIGHT',
    })
    const approved = await decideSettings(o, 'bolo', 'approve', SAM)
    expect(approved.proposed).toBeNull()
    expect(approved.approved?.approval.state).toBe('active')
    expect((await settings.get('bolo'))?.value).toEqual(approved)
    const events = await historyOf(nats.bus, 'bolo')
    expect(events.map(({ who, what, refused }) => [who, what, refused])).toEqual([
      ['sam', 'list_approve', undefined],
      ['ann', 'list_approve', 'approval_right'],
      ['sue', 'list_approve', 'approval_self'],
      ['sue', 'list_submit', undefined],
      ['sue', 'list_draft', undefined],
    ])
    expect(events[0]?.is).toEqual(approved)
    await expect(createList(o, custom('bolo'), ANN)).rejects.toMatchObject({ code: 'LIST_EXISTS' })
  })

  test('401.4f what was approved stays in force until what is wider is approved', async () => {
    await createList(o, custom('wide'), ANN)
    await decideSettings(o, 'wide', 'submit', ANN)
    await decideSettings(o, 'wide', 'approve', SUE)
    await manifests.create('wide', manifestOf('wide'))
    const wider = await changeSettings(o, 'wide', { profile: 'fold+1', title: 'Wider' }, ANN)
    expect(wider.approved?.settings.profile).toBe('fold')
    expect(wider.proposed?.settings).toMatchObject({ profile: 'fold+1', title: 'Wider' })
    expect((await manifests.get('wide'))?.value.profile).toBe('fold')
    // Whoever writes on it can't approve it either.
    await changeSettings(o, 'wide', { priority: 2 }, SUE)
    await decideSettings(o, 'wide', 'submit', ANN)
    await expect(decideSettings(o, 'wide', 'approve', SUE)).rejects.toMatchObject({
      code: 'APPROVAL_SELF',
    })
    const returned = await decideSettings(o, 'wide', 'return', SAM, 'Why so wide?')
    expect(returned.proposed?.approval.state).toBe('returned')
    await decideSettings(o, 'wide', 'submit', ANN)
    const approved = await decideSettings(o, 'wide', 'approve', SAM)
    expect(approved.approved?.settings).toMatchObject({ profile: 'fold+1', priority: 2 })
    expect((await manifests.get('wide'))?.value).toEqual({
      ...manifestOf('wide'),
      profile: 'fold+1',
    })
  })

  test('what narrows it is in force at once by whoever may decide, whatever waits', async () => {
    await createList(o, custom('narrow'), ANN)
    await decideSettings(o, 'narrow', 'submit', ANN)
    await decideSettings(o, 'narrow', 'approve', SUE)
    const covert = { visibility: { kind: 'covert' as const, people: ['ann'] } }
    // A list that one person hides is silent for all others.
    const hidden = await changeSettings(o, 'narrow', { ...covert, contact: 'desk' }, ANN)
    expect(hidden.approved?.settings.visibility.kind).toBe('all')
    expect(hidden.proposed?.settings.visibility.kind).toBe('covert')
    const named = await changeSettings(o, 'narrow', { profile: 'fold+2' }, ANN)
    expect(named.approved?.settings.profile).toBe('fold')
    const { approved, proposed } = await changeSettings(o, 'narrow', covert, SUE)
    expect(approved?.settings.visibility.kind).toBe('covert')
    expect(approved?.settings.profile).toBe('fold')
    expect(proposed?.settings).toMatchObject({ profile: 'fold+2', visibility: { kind: 'covert' } })
    expect(proposed?.approval.state).toBe('draft')
  })

  test('401.4f a revoked one comes back by another approval only', async () => {
    await createList(o, custom('gone'), ANN)
    await decideSettings(o, 'gone', 'submit', ANN)
    await decideSettings(o, 'gone', 'approve', SUE)
    await expect(decideSettings(o, 'gone', 'revoke', SUE)).rejects.toMatchObject({
      code: 'APPROVAL_NOTE',
    })
    const revoked = await decideSettings(o, 'gone', 'revoke', SUE, 'Case closed')
    expect(revoked.approved?.approval.state).toBe('revoked')
    const again = await changeSettings(o, 'gone', { title: 'Once more' }, ANN)
    expect(again.approved?.approval.state).toBe('revoked')
    expect(again.proposed?.approval.state).toBe('draft')
  })

  test('401.4f of two decisions at once one wins, and the other is told who', async () => {
    await createList(o, custom('race'), ANN)
    await decideSettings(o, 'race', 'submit', ANN)
    const outcomes = await Promise.allSettled([
      decideSettings(o, 'race', 'approve', SUE),
      decideSettings(o, 'race', 'return', SAM, 'No'),
    ])
    const lost = outcomes.filter((outcome) => outcome.status === 'rejected')
    expect(lost).toHaveLength(1)
    const won = outcomes[0]?.status === 'fulfilled' ? 'sue' : 'sam'
    const { code, message } = (lost[0] as PromiseRejectedResult).reason as HotplateError
    // Whoever came after the other's decision finds it made; both at once differ by the revision.
    expect(['APPROVAL_OVERTAKEN', 'APPROVAL_STATE']).toContain(code)
    if (code === 'APPROVAL_OVERTAKEN') expect(message).toContain(`${won} has changed it`)
  })
})

describe('a government source', () => {
  const register = (name: string, acting: Caller) =>
    createList(o, { name, category: 'stolen_vehicle', patch: {}, agency: 'FBI' }, acting)

  test('401.4f is in force once an administrator has registered it, nobody else', async () => {
    await expect(register('ncic', SUE)).rejects.toMatchObject({ code: 'APPROVAL_RIGHT' })
    expect(await settings.get('ncic')).toBeNull()
    const { approved } = await register('ncic', ADA)
    expect(approved?.approval.state).toBe('active')
    expect(approved?.settings.source).toMatchObject({ kind: 'government', registered_by: 'ada' })
    // What reaches further waits for a supervisor here too.
    const wider = await changeSettings(o, 'ncic', { profile: 'fold+1' }, ADA)
    expect(wider.approved?.settings.profile).toBe('fold')
    await decideSettings(o, 'ncic', 'submit', ADA)
    await expect(decideSettings(o, 'ncic', 'approve', ADA)).rejects.toMatchObject({
      code: 'APPROVAL_RIGHT',
    })
    const now = await decideSettings(o, 'ncic', 'approve', SUE)
    expect(now.approved?.settings).toMatchObject({
      profile: 'fold+1',
      source: { kind: 'government' },
    })
  })

  test('401.1 a file code that fits no purpose is decided on by an administrator', async () => {
    await register('codes', ADA)
    const decision = { code: 'H', purpose: 'suspect_interdiction' as const }
    await expect(decideFileCode(o, 'codes', decision, SUE)).rejects.toMatchObject({
      code: 'APPROVAL_RIGHT',
    })
    const { approved } = await decideFileCode(o, 'codes', decision, ADA)
    expect(approved?.settings.file_codes.H).toMatchObject({
      purpose: 'suspect_interdiction',
      by: 'ada',
    })
    const [event] = await historyOf(nats.bus, 'codes')
    expect(event).toMatchObject({ who: 'ada', what: 'list_file_code' })
  })
})

test('a list from before lists had settings stays in force as its manifest has it', async () => {
  await manifests.create('old', { ...manifestOf('old'), false_alerts_per_million_max: 50 })
  const { approved } = await changeSettings(o, 'old', { contact: 'desk' }, ANN)
  expect(approved?.approval.state).toBe('active')
  expect(approved?.settings).toMatchObject({
    profile: 'fold',
    false_alerts_per_million_max: 50,
    contact: 'desk',
  })
  await expect(createList(o, custom('old'), ANN)).rejects.toMatchObject({ code: 'LIST_EXISTS' })
})

describe('the keeper', () => {
  function startJob() {
    const lines: string[] = []
    const say = (level: string) => (facts: { list: string }, text: string) => {
      lines.push(`${level} ${facts.list}: ${text}`)
    }
    const log = Object.assign(Object.create(createLog('silent')) as Logger, {
      error: say('error'),
      warn: say('warn'),
      info: say('info'),
    })
    const metrics = createMetrics()
    const keeping = new AbortController()
    const job = new SettingsJob({ bus: nats.bus, log, metrics }, keeping.signal)
    return { job, lines, metrics, keeping }
  }

  test('tells once of a list past its time, and once when it is refreshed', async () => {
    const now_ms = Date.parse('2026-11-26T12:00:00.000Z')
    const imported_at = new Date(now_ms - 31 * 3_600_000).toISOString()
    await manifests.create('aged', { ...manifestOf('aged'), imported_at })
    const limits = { refresh_hours_max: 24, when_stale: 'stop' } as const
    await putSettings(settings, 'aged', limits)
    const { job, lines, metrics, keeping } = startJob()
    await job.run(now_ms)
    await job.run(now_ms + 1_000)
    expect(lines).toEqual([
      'error aged: A list is stale, and alerts no more until it is refreshed.',
    ])
    expect(await metrics.registry.metrics()).toContain('hotplate_list_stale{list="aged"} 1')
    const { value, revision } = (await manifests.get('aged')) ?? expect.fail()
    const refreshed = new Date(now_ms).toISOString()
    await manifests.update('aged', { ...value, imported_at: refreshed }, revision)
    await job.run(now_ms + 2_000)
    expect(lines.slice(1)).toEqual(['info aged: A list has been refreshed in time again.'])
    keeping.abort()
    expect(await metrics.registry.metrics()).not.toContain('list="aged"')
  })

  test('401.4f finishes what was approved by somebody who was cut off', async () => {
    await manifests.create('cut-off', manifestOf('cut-off'))
    await putSettings(settings, 'cut-off', { profile: 'exact' })
    await startJob().job.run(Date.now())
    expect((await manifests.get('cut-off'))?.value).toEqual({
      ...manifestOf('cut-off'),
      profile: 'exact',
    })
  })
})

test('a view of settings that was behind is brought up to date when it is asked to', async () => {
  const silent: SettingsDocuments = {
    ...settings,
    all: () => settings.all(),
    // As after the bus was away: the watch has told of nothing yet.
    watch: () => Promise.resolve({ stop: () => undefined }),
  }
  const view = await SettingsView.over(silent)
  const covert = { visibility: { kind: 'covert' as const, people: ['eve'] } }
  await putSettings(settings, 'behind', covert)
  const dan = { user: 'dan', roles: [], ilets: false }
  expect(view.maySee('behind', dan)).toBe(true)
  await view.refresh()
  expect(view.maySee('behind', dan)).toBe(false)
  expect(view.maySee('behind', { ...dan, user: 'eve' })).toBe(true)
})

test('401.4b a list whose settings can not be read is shown to nobody, and alerts', async () => {
  const view = await SettingsView.open(nats.bus)
  const eve = { user: 'eve', roles: [], ilets: true }
  await putSettings(settings, 'broken')
  await until(() => view.maySee('broken', eve))
  const kv = await new Kvm(nats.bus.js).open('hotlist-settings')
  await kv.put('broken', '{"name":"broken","approved":{"settings":{"visibility":"covert"}}}')
  await until(() => !view.maySee('broken', eve))
  expect(view.isInForce('broken')).toBe(true)
  const hidden = { kind: 'covert', people: [] }
  expect(view.of(manifestOf('broken')).visibility).toEqual(hidden)
  const { revision } = (await kv.get('broken')) ?? expect.fail()
  await settings.update('broken', settingsInForce('broken'), revision)
  await until(() => view.maySee('broken', eve))
  expect(view.of(manifestOf('broken')).visibility).toEqual({ kind: 'all' })
  view.stop()
})
