// The form of a list's feed in its settings: what a person may ask for. Whether a host may be asked
// at all is the configuration's (hosts_allowed), and looked at with each connection.
import { z } from 'zod'
import type { ListFeed } from '../../domain/list-feed.ts'

const EVERY_MINUTES_MAX = 7 * 24 * 60
const every_minutes = z.int().min(5).max(EVERY_MINUTES_MAX)
const account = z.string().regex(/^[a-z0-9]+(_[a-z0-9]+)*$/, 'expected a-z, 0-9 and single _')
const host = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'expected the name of a host, in lower case')

/** Only what names a file at a host: a sign-in in an address would be shown to whoever reads it. */
function isPlainHttps(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, password, hash } = new URL(text)
  return protocol === 'https:' && username === '' && password === '' && hash === ''
}

export const feedSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('folder'), account: account.exactOptional() }),
  z.strictObject({
    kind: z.literal('https'),
    url: z
      .string()
      .max(1_000)
      .refine(isPlainHttps, 'expected https:// without a sign-in or a fragment'),
    every_minutes,
    account: account.exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('sftp'),
    host,
    port: z.int().min(1).max(65_535),
    path: z
      .string()
      .min(1)
      .max(1_000)
      .regex(/^[^\p{Cc}]+$/u),
    every_minutes,
    account,
    host_key: z
      .string()
      .regex(/^SHA256:[A-Za-z0-9+/]{43}$/, 'expected SHA256: and 43 characters, as ssh-keygen -l'),
  }),
]) satisfies z.ZodType<ListFeed>
