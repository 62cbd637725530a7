// Each way in which a read may be of a listed plate, through the real service. Were it wrong, a
// kind of misread would raise no alert, or dispatch would be shown the wrong reason for one.
import { expect, test } from 'vitest'
import type { AlignedPair, MatchClass } from '../../src/domain/alert.ts'
import { startService } from '../helpers/service.ts'
import { alertsOf, makeRead, publish, putInForce, settled } from '../helpers/traffic.ts'

/** Columns as `read entry kind`, with `_` for no character. */
const told = (aligned: readonly AlignedPair[]) =>
  aligned
    .filter(({ kind }) => kind !== 'same')
    .map(({ read, entry, kind }) => `${read || '_'} ${entry || '_'} ${kind}`)

const CASES: [MatchClass, string, string, string[]][] = [
  ['exact', 'KXA7437', 'KXA7437', []],
  ['o_zero', 'QO07431', 'Q007431', ['0 O o_zero']],
  ['look_alike', 'FXB7432', 'FX8743Z', ['8 B look_alike', 'Z 2 look_alike']],
  ['substitution', 'MNP4739', 'MNT4739', ['T P differs']],
  ['insertion', 'TUV3947', 'TUVW3947', ['W _ inserted']],
  ['deletion', 'HJK9374', 'HJK937', ['_ 4 deleted']],
]

test('each class raises its alert, with the class and the aligned characters', async () => {
  await using service = await startService({
    settings: { MATCHING__FALSE_ALERTS_PER_MILLION_MAX: '1000000' },
  })
  const plates = CASES.map(([, plate]) => ({ plate }))
  await putInForce(service, 'stolen', [...plates, { plate: 'RTY7493' }])
  for (const [name, , plate] of CASES) await publish(service, makeRead({ id: name, plate }))
  const candidates = [
    { plate: 'NOPE11', confidence: 0.6 },
    { plate: 'RTY7493', confidence: 0.5 },
  ]
  await publish(service, makeRead({ id: 'candidate', plate: 'WWW7777', candidates }))
  await publish(service, makeRead({ id: 'none', plate: 'ZZZ1111' }))
  await settled(service)

  const alerts = new Map((await alertsOf(service)).map((alert) => [alert.read.id, alert]))
  const raised = [...CASES.map(([name]) => name), 'candidate']
  expect([...alerts.keys()].toSorted()).toEqual(raised.toSorted())
  for (const [name, plate, , differences] of CASES) {
    const { match, entry, status } = alerts.get(name) ?? {}
    expect([match?.class, entry?.plate, status]).toEqual([name, plate, 'unverified'])
    expect(told(match?.aligned ?? []), name).toEqual(differences)
    expect(match?.aligned.map((pair) => pair.entry).join('')).toBe(plate)
    expect(match?.score).toBeCloseTo(Math.exp(-(match?.cost as number)))
    const columns = match?.aligned.reduce((total, { cost }) => total + cost, 0)
    expect(columns).toBeCloseTo(match?.cost as number)
    expect(match?.posterior).toBeGreaterThan(0)
    expect(match?.posterior).toBeLessThan(1)
    expect(match?.model).toEqual({ name: 'general', version: expect.any(Number) })
  }
  const candidate = alerts.get('candidate')?.match
  expect(candidate).toMatchObject({ class: 'candidate', candidate: 'RTY7493' })
  // Far likelier than eight misread characters would be.
  expect(candidate?.score).toBeGreaterThan(0.001)
  expect(alerts.get('exact')?.match.cost).toBe(0)
})

test('the profile bounds how far off a read may be; the state is only shown', async () => {
  await using service = await startService({
    settings: { MATCHING__FALSE_ALERTS_PER_MILLION_MAX: '1000000' },
  })
  await putInForce(service, 'strict', [{ plate: 'KXB7437' }], 'exact')
  await putInForce(service, 'fold', [{ plate: 'MNB4739' }], 'fold')
  await putInForce(service, 'wide', [
    { plate: 'TUV3947', region: 'US-ID' },
    { plate: 'HJK9374', region: 'US-UT' },
    { plate: 'WYF4437' },
  ])
  const reads = ['KX87437', 'MN84739', 'MNX4739', 'TUV3947', 'HJK9374', 'WYF4437', 'KXB7437']
  for (const plate of reads) await publish(service, makeRead({ plate, region: 'US-ID' }))
  await publish(service, makeRead({ plate: 'TUV3947', camera: 'pole-2' }), 'pole-2')
  await settled(service)
  const alerts = await alertsOf(service)
  const seen = alerts.map(({ read, entry, match }) => [read.plate, entry.list, match.state])
  expect(seen.toSorted()).toEqual([
    ['HJK9374', 'wide', 'differs'],
    ['KXB7437', 'strict', 'unknown'],
    ['MN84739', 'fold', 'unknown'],
    ['TUV3947', 'wide', 'same'],
    ['TUV3947', 'wide', 'unknown'],
    ['WYF4437', 'wide', 'unknown'],
  ])
})

test('the vehicle is shown trait by trait, and never keeps an alert back', async () => {
  await using service = await startService()
  const vehicle = { make: 'F0RD', model: 'F15', color: 'WHI', type: 'PK', year: 2014 }
  await putInForce(service, 'stolen', [{ plate: 'KXA7437', vehicle }])
  const seen = { make: 'toyota', model: 'camry', color: 'white', type: 'sedan', year: 2026 }
  await publish(service, makeRead({ plate: 'KXA7437', vehicle: seen }))
  await publish(service, makeRead({ plate: 'KXA7437', camera: 'pole-2' }), 'pole-2')
  await settled(service)
  const [first, second] = await alertsOf(service)
  expect(first?.match.vehicle).toEqual({
    color: { verdict: 'agree', seen: 'white', listed: 'WHI' },
    make: { verdict: 'differ', seen: 'toyota', listed: 'F0RD' },
    model: { verdict: 'differ', seen: 'camry', listed: 'F15' },
    type: { verdict: 'differ', seen: 'sedan', listed: 'PK' },
    year: { verdict: 'differ', seen: '2026', listed: '2014' },
  })
  expect(second?.match.vehicle.color).toEqual({ verdict: 'unknown', seen: '', listed: 'WHI' })
})

test('a part of a plate with a vehicle alerts on what fits, and tells the vehicle', async () => {
  await using service = await startService()
  const vehicle = { make: 'FORD', color: 'WHI' }
  await putInForce(service, 'watch', [{ plate: '2TA*', vehicle }], 'exact')
  const ford = { make: 'ford', color: 'white' }
  const fiat = { make: 'fiat', color: 'red' }
  await publish(service, makeRead({ plate: '2TAB123', vehicle: ford }))
  await publish(service, makeRead({ plate: '2TA99', camera: 'pole-2', vehicle: fiat }), 'pole-2')
  await publish(service, makeRead({ plate: '2TB4412', camera: 'pole-3' }), 'pole-3')
  await settled(service)
  const alerts = await alertsOf(service)
  const verdicts = alerts.map(({ read, match }) => [
    read.plate,
    match.class,
    match.vehicle.make.verdict,
    match.vehicle.color.verdict,
  ])
  expect(verdicts).toEqual([
    ['2TAB123', 'wildcard', 'agree', 'agree'],
    ['2TA99', 'wildcard', 'differ', 'differ'],
  ])
  expect(told(alerts[0]?.match.aligned ?? [])).toEqual(['B * any', '1 _ any', '2 _ any', '3 _ any'])
})
