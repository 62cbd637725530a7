// An approval (domain/approval.ts) as it stands in the documents of what is decided on.
import { z } from 'zod'
import {
  APPROVAL_ACTIONS,
  APPROVAL_STATES,
  APPROVAL_SUBJECTS,
  type Approval,
  NOTE_CHARS_MAX,
  STEPS_MAX,
} from '../domain/approval.ts'

const person = z.string().min(1).max(200)
const moment = z.iso.datetime()

const urgentSchema = z.strictObject({
  by: person,
  at: moment,
  confirmed_by: person.exactOptional(),
  overdue_since: moment.exactOptional(),
  escalated_at: moment.exactOptional(),
})

export const approvalSchema = z.strictObject({
  subject: z.enum(APPROVAL_SUBJECTS),
  state: z.enum(APPROVAL_STATES),
  authors: z.array(person).min(1),
  urgent: urgentSchema.exactOptional(),
  history: z
    .array(
      z.strictObject({
        action: z.enum(['draft', ...APPROVAL_ACTIONS]),
        by: person,
        at: moment,
        note: z.string().max(NOTE_CHARS_MAX).exactOptional(),
      }),
    )
    .max(STEPS_MAX),
}) satisfies z.ZodType<Approval>
