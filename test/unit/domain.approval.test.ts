// The approval machine. Were it wrong, a plate that one person alone has entered would stop a car.
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Actor,
  APPROVAL_ACTIONS,
  APPROVAL_STATES,
  APPROVAL_SUBJECTS,
  type Approval,
  type ApprovalAction,
  type ApprovalState,
  decide,
  draft,
  NOTE_CHARS_MAX,
  PROGRAM,
  STEPS_MAX,
  waitsForDecision,
  waitsForSecond,
} from '../../src/domain/approval.ts'
import { may, RIGHTS, ROLES, type Role } from '../../src/domain/roles.ts'

/** docs/approval.md has the tables that the code is held to. */
const TABLES = [
  ...readFileSync(new URL('../../docs/approval.md', import.meta.url), 'utf8').matchAll(
    /^```\n([^`]*)\n```$/gm,
  ),
].map(([, text]) => text)

const NOW = Date.parse('2026-11-26T12:00:00.000Z')
const person = (name: string, ...roles: Role[]): Actor => ({ name, roles })
const ann = person('ann', 'dispatcher')
const sue = person('sue', 'supervisor')
const sam = person('sam', 'supervisor')
const cal = person('cal', 'chief')
const ada = person('ada', 'administrator')

/** An entry that ann has written, in a state. */
function entryIn(state: ApprovalState | 'urgent'): Approval {
  const fresh = draft('entry', ann, NOW)
  if (state !== 'urgent') return { ...fresh, state }
  return { ...fresh, state: 'active', urgent: { by: 'sue', at: '2026-11-26T12:00:00.000Z' } }
}

function outcome(
  approval: Approval,
  action: ApprovalAction,
  actor: Actor,
  note: string | undefined = 'Because',
): string {
  try {
    return decide(approval, action, actor, NOW, note).state
  } catch (error) {
    return (error as { code: string }).code.replace('APPROVAL_', '')
  }
}

/** Who does it where everything is in order: never the author, never the activator. */
const BY: Record<ApprovalAction, Actor> = {
  submit: ann,
  withdraw: ann,
  amend: ann,
  annotate: ann,
  approve: sam,
  return: sam,
  activate: PROGRAM,
  activate_urgently: sam,
  confirm: sam,
  refuse: sam,
  revoke: sam,
  escalate: PROGRAM,
  expire: PROGRAM,
}

describe('401.4f the machine', () => {
  test('leads from each state where the policy says, and nowhere else', () => {
    const states = [...APPROVAL_STATES, 'urgent'] as const
    const rows = APPROVAL_ACTIONS.map((action) => {
      const cells = states.map((state) => {
        const to = outcome(entryIn(state), action, BY[action])
        return (to === 'STATE' ? '-' : to).padEnd(9)
      })
      return `${action.padEnd(17)} ${cells.join(' ')}`.trimEnd()
    })
    const head = `${' '.repeat(17)} ${states.map((state) => state.padEnd(9)).join(' ')}`
    expect([head.trimEnd(), ...rows].join('\n')).toBe(TABLES[0])
  })

  test('takes a right for each action: an administrator decides on no plate', () => {
    const startOf = (action: ApprovalAction) =>
      entryIn(
        action === 'approve' || action === 'return' || action === 'withdraw'
          ? 'submitted'
          : action === 'activate' || action === 'annotate'
            ? 'approved'
            : action === 'confirm' || action === 'refuse' || action === 'escalate'
              ? 'urgent'
              : 'draft',
      )
    const allowed = APPROVAL_ACTIONS.map((action) => {
      const roles = ROLES.filter((role) => {
        const came = outcome(startOf(action), action, person('someone', role))
        return came !== 'RIGHT'
      })
      const program = outcome(startOf(action), action, PROGRAM) === 'RIGHT' ? [] : ['program']
      return `${action}: ${[...roles, ...program].join(' ')}`
    })
    expect(allowed).toEqual([
      'submit: dispatcher analyst supervisor',
      'withdraw: dispatcher analyst supervisor',
      'amend: dispatcher analyst supervisor',
      'annotate: dispatcher analyst supervisor',
      'approve: supervisor chief',
      'return: supervisor chief',
      'activate: program',
      'activate_urgently: supervisor',
      'confirm: supervisor chief',
      'refuse: supervisor chief',
      'revoke: dispatcher supervisor chief',
      'escalate: program',
      'expire: program',
    ])
    const every = person('ada', 'administrator')
    for (const action of APPROVAL_ACTIONS) {
      expect(outcome(startOf(action), action, every), action).toBe('RIGHT')
    }
  })

  test('bars the author from approving, whatever their rights', () => {
    const own = decide(draft('entry', sue, NOW), 'submit', sue, NOW)
    expect(() => decide(own, 'approve', sue, NOW)).toThrow(
      'Expected a second person to approve the entry but received sue, who has written it',
    )
    expect(outcome(own, 'approve', sam)).toBe('approved')
    // Who has changed it has written it, also who was given another account for it.
    const changed = decide(decide(own, 'amend', sam, NOW), 'submit', sue, NOW)
    expect(outcome(changed, 'approve', sam)).toBe('SELF')
    expect(outcome(changed, 'approve', sue)).toBe('SELF')
    expect(outcome(changed, 'approve', cal)).toBe('approved')
    const shell = draft('entry', person('os:sue', 'analyst'), NOW)
    expect(outcome({ ...shell, state: 'submitted' }, 'approve', sue)).toBe('SELF')
  })

  test('takes a second person for an urgent one: neither who wrote it nor who activated it', () => {
    const mine = decide(draft('entry', ann, NOW), 'activate_urgently', sue, NOW, 'Missing child')
    expect(waitsForSecond(mine)).toBe(true)
    expect(outcome(mine, 'confirm', sue)).toBe('SELF')
    expect(outcome(mine, 'refuse', sue)).toBe('SELF')
    expect(outcome({ ...mine, authors: ['sam'] }, 'confirm', sam)).toBe('SELF')
    expect(outcome({ ...mine, authors: ['sam'] }, 'refuse', sam)).toBe('revoked')
    const later = NOW + 3_600_000
    const overdue = decide(mine, 'escalate', PROGRAM, later)
    const still = decide(overdue, 'escalate', PROGRAM, later + 3_600_000)
    expect(still.urgent).toEqual({
      by: 'sue',
      at: '2026-11-26T12:00:00.000Z',
      overdue_since: '2026-11-26T13:00:00.000Z',
      escalated_at: '2026-11-26T14:00:00.000Z',
    })
    expect(still.state).toBe('active')
    const confirmed = decide(still, 'confirm', sam, later)
    expect(confirmed.urgent).toMatchObject({ by: 'sue', confirmed_by: 'sam' })
    expect(waitsForSecond(confirmed)).toBe(false)
    for (const action of ['confirm', 'refuse', 'escalate'] as const) {
      expect(outcome(confirmed, action, action === 'escalate' ? PROGRAM : cal)).toBe('STATE')
    }
    // Drafted anew it is no longer urgent.
    expect(decide(confirmed, 'amend', ann, NOW).urgent).toBeUndefined()
  })

  test('asks for a reason where somebody will ask for it later', () => {
    const of = (action: ApprovalAction, state: ApprovalState | 'urgent', note: string) =>
      outcome(entryIn(state), action, sam, note)
    expect(of('return', 'submitted', '  ')).toBe('NOTE')
    expect(of('revoke', 'active', '')).toBe('NOTE')
    expect(of('refuse', 'urgent', '')).toBe('NOTE')
    expect(of('activate_urgently', 'draft', '')).toBe('NOTE')
    expect(of('approve', 'submitted', '')).toBe('approved')
    expect(of('approve', 'submitted', 'x'.repeat(NOTE_CHARS_MAX + 1))).toBe('NOTE')
  })

  test('keeps who, what, when and why, and lets an old one as it is', () => {
    const first = draft('entry', ann, NOW)
    const second = decide(first, 'submit', ann, NOW + 1_000, ' Taken last night ')
    expect(first.history).toHaveLength(1)
    expect(second.history).toEqual([
      { action: 'draft', by: 'ann', at: '2026-11-26T12:00:00.000Z' },
      { action: 'submit', by: 'ann', at: '2026-11-26T12:00:01.000Z', note: 'Taken last night' },
    ])
    let long = second
    for (let n = 0; n < STEPS_MAX; n += 1) {
      long = decide(decide(long, 'withdraw', ann, NOW), 'submit', ann, NOW)
    }
    expect(long.history).toHaveLength(STEPS_MAX)
  })

  test('gives lists, imports and cleared vehicles no urgent way', () => {
    for (const subject of APPROVAL_SUBJECTS) {
      const fresh = { ...draft(subject, sue, NOW) }
      const urgent = outcome(fresh, 'activate_urgently', sue)
      expect(urgent, subject).toBe(subject === 'entry' ? 'active' : 'RIGHT')
      expect(() => draft(subject, person('rob', 'records'), NOW)).toThrow(/but received rob with/)
      const submitted = { ...fresh, state: 'submitted' as const }
      expect(outcome(submitted, 'approve', ada), subject).toBe('RIGHT')
      expect(outcome(submitted, 'approve', sue), subject).toBe('SELF')
      expect(outcome(submitted, 'approve', cal), subject).toBe('approved')
    }
  })
})

test('401.4f no way to active leads past a second person or an urgent activation', () => {
  const people = [ann, sue, sam, cal, ada, person('ben', 'analyst'), PROGRAM]
  const step = fc.record({
    action: fc.constantFrom(...APPROVAL_ACTIONS),
    actor: fc.constantFrom(...people),
  })
  // The good way first, so that most runs come far; then anything.
  const way = fc.tuple(
    fc.constantFrom<readonly ApprovalAction[]>(
      [],
      ['submit'],
      ['submit', 'approve', 'activate'],
      ['activate_urgently'],
    ),
    fc.array(step, { maxLength: 30 }),
  )
  let reached = 0
  fc.assert(
    fc.property(way, fc.constantFrom(ann, sue, sam), ([begin, rest], author) => {
      let approval = draft('entry', author, NOW)
      /** What the machine must not get wrong, kept beside it the plain way. */
      const writers = new Set([author.name])
      let approved = false
      const began = begin.map((action) => ({ action, actor: BY[action] }))
      for (const { action, actor } of [...began, ...rest]) {
        let next: Approval
        try {
          next = decide(approval, action, actor, NOW, 'Because')
        } catch {
          continue
        }
        if (action === 'amend') {
          approved = false
          writers.add(actor.name)
        }
        if (action === 'annotate') writers.add(actor.name)
        if (action === 'approve' || action === 'confirm') {
          expect(writers).not.toContain(actor.name)
          expect(may(actor.roles, 'entry_decide')).toBe(true)
          approved = true
        }
        if (action === 'activate_urgently') {
          expect(actor.roles).toContain('supervisor')
          approved = true
        }
        if (next.state === 'active') {
          expect(approved).toBe(true)
          reached += 1
        }
        if (next.state === 'submitted') expect(waitsForDecision(next)).toBe(true)
        approval = next
      }
    }),
    { numRuns: 3_000 },
  )
  expect(reached).toBeGreaterThan(1_000)
})

test('rights are those that docs/approval.md tells', () => {
  const rows = Object.entries(RIGHTS).map(([right, roles]) =>
    [right.padEnd(16), ...roles].join(' '),
  )
  expect(rows.join('\n')).toBe(TABLES[1])
  expect(may([], 'list_read')).toBe(false)
  expect(may(['administrator'], 'source_register')).toBe(true)
})
