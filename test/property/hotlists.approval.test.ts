// Several people at the same entries at once, on a real nats-server. Were it wrong, an entry would
// alert by a race that no single request could have won, or a change would be on no record.
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureStreams } from '../../src/bus/streams.ts'
import { configSchema } from '../../src/config/schema.ts'
import { type Approval, decide, draft, PROGRAM } from '../../src/domain/approval.ts'
import { HotplateError } from '../../src/domain/error.ts'
import {
  addCustom,
  amendCustom,
  type CustomAction,
  stepCustom,
} from '../../src/hotlists/custom-changes.ts'
import { historyOf, type ListEvent } from '../../src/hotlists/events.ts'
import {
  ANN,
  type CustomGround,
  caller,
  customGround,
  drafted,
  SAM,
  SUE,
} from '../helpers/custom.ts'
import { manifestOf } from '../helpers/entry-rows.ts'
import { startNats, type TestNats } from '../helpers/nats.ts'

let nats: TestNats
let o: CustomGround
beforeAll(async () => {
  nats = await startNats()
  await ensureStreams(nats.bus, configSchema.parse({}))
  o = await customGround(nats.bus)
  await o.manifests.create('bolo', manifestOf(0, { name: 'bolo' }))
})
afterAll(async () => {
  o?.stop()
  await nats?.[Symbol.asyncDispose]()
})

const PEOPLE = [ANN, SUE, SAM, caller('cal', 'chief'), caller('ada', 'administrator')]
const ROLES = new Map(PEOPLE.map(({ actor }) => [actor.name, actor]))
const ACTIONS: readonly (CustomAction | 'amend')[] = [
  'submit',
  'approve',
  'return',
  'withdraw',
  'activate_urgently',
  'confirm',
  'refuse',
  'revoke',
  'amend',
]

const asked = fc.record({ who: fc.constantFrom(...PEOPLE), action: fc.constantFrom(...ACTIONS) })

/** @returns whether it was done */
async function ask(id: string, { who, action }: { who: (typeof PEOPLE)[number]; action: string }) {
  try {
    if (action === 'amend') {
      const reason = `Seen ${Math.random()}`
      await amendCustom(o, who, { list: 'bolo', id }, { reason })
    } else {
      const step = { list: 'bolo', id, action: action as CustomAction, note: 'Because' }
      await stepCustom(o, who, step)
    }
    return true
  } catch (error) {
    if (error instanceof HotplateError && error.code.startsWith('APPROVAL_')) return false
    throw error
  }
}

/** The approval that the steps lead to, walked anew. */
function walked({ history }: Approval): Approval {
  const actorOf = (name: string) => ROLES.get(name) ?? PROGRAM
  const [first, ...rest] = history
  let approval = draft('entry', actorOf(first?.by ?? ''), Date.parse(first?.at ?? ''))
  for (const { action, by, at, note } of rest) {
    if (action === 'draft') throw new Error('Drafted twice')
    approval = decide(approval, action, actorOf(by), Date.parse(at), note)
  }
  return approval
}

/** What the record says was made: less what was overtaken, each of which follows its own record. */
function madeBy(events: readonly ListEvent[]): string[] {
  const made: string[] = []
  for (const { who, what, refused } of events.toReversed()) {
    if (refused === undefined) made.push(`${who} ${what}`)
    else if (refused === 'approval_overtaken') made.splice(made.lastIndexOf(`${who} ${what}`), 1)
  }
  return made
}

test('401.4f whoever asks for what at once, entries are where lawful steps lead', async () => {
  let active = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(asked, { minLength: 1, maxLength: 6 }), { maxLength: 5 }),
      fc.boolean(),
      async (rounds, submit) => {
        const given = drafted({ plate: 'TUV3947' })
        const { id } = (await addCustom(o, ANN, 'bolo', given, submit)).value.entry
        let done = 1
        // All of a round at once.
        for (const round of rounds) {
          done += (await Promise.all(round.map((one) => ask(id, one)))).filter(Boolean).length
        }
        const document = await o.manifests.custom.get(`bolo.${id}`)
        const { approval } = document?.value ?? expect.fail('It is gone')
        expect(walked(approval)).toEqual(approval)
        if (approval.state === 'active') active += 1
        const people = approval.history.filter(({ by }) => by !== PROGRAM.name)
        expect(people.length - (submit ? 1 : 0)).toBe(done)
        const events = await historyOf(nats.bus, 'bolo', { object: `entry:${id}` })
        expect(madeBy(events)).toHaveLength(done)
      },
    ),
    { numRuns: 120 },
  )
  expect(active).toBeGreaterThan(5)
})
