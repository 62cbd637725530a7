// Where a feed may reach. One forgotten range, and whoever keeps a list reads a cloud's metadata
// or an engine behind the wall.
import { expect, test } from 'vitest'
import { allowedAddress, isPublic } from '../../src/hotlists/sources/addresses.ts'
import { feedSchema } from '../../src/hotlists/sources/source.ts'

test.each([
  '127.0.0.1',
  '127.8.8.8',
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:8.8.8.8',
  '64:ff9b::7f00:1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::1',
  'fc00::1',
  'fd12:3456::1',
  'fe80::1',
  'fec0::1',
  'ff02::1',
])('%s is not public', (address) => {
  expect(isPublic({ address, family: address.includes(':') ? 6 : 4 })).toBe(false)
})

test.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '192.167.255.255', '2606:4700::1', '2a00::1'])(
  '%s is',
  (address) => {
    expect(isPublic({ address, family: address.includes(':') ? 6 : 4 })).toBe(true)
  },
)

const rules = {
  hosts_allowed: ['127.0.0.1', 'localhost', '8.8.8.8:8443', '[::1]'],
  private_hosts_allowed: ['localhost'],
}

test.each([
  ['a host that nobody allowed', 'lists.example', 443],
  ['an allowed host at another port', 'localhost', 8_443],
  ['an allowed address that is not public', '127.0.0.1', 443],
  ['an address of IPv6 that is not public', '[::1]', 443],
  ['a host that was allowed for another port alone', '8.8.8.8', 443],
])('%s is refused', async (_what, host, port) => {
  await expect(allowedAddress(host, port, 443, rules)).rejects.toMatchObject({
    code: 'FEED_REFUSED',
  })
})

test('a host that the configuration names for it may be private', async () => {
  expect((await allowedAddress('localhost', 443, 443, rules)).address).toMatch(
    /^(127\.0\.0\.1|::1)$/,
  )
  expect(await allowedAddress('8.8.8.8', 8_443, 443, rules)).toEqual({
    address: '8.8.8.8',
    family: 4,
  })
})

test('an allowed name that is nowhere can be asked again later', async () => {
  const nowhere = { hosts_allowed: ['nowhere.invalid'], private_hosts_allowed: [] }
  await expect(allowedAddress('nowhere.invalid', 443, 443, nowhere)).rejects.toMatchObject({
    code: 'FEED_UNREACHABLE',
  })
})

const SFTP = {
  kind: 'sftp',
  host: 'lists.example',
  port: 22,
  path: '/out/list.txt',
  every_minutes: 60,
  account: 'state',
  host_key: `SHA256:${'A'.repeat(43)}`,
}
const HTTPS = { kind: 'https', url: 'https://lists.example/a?b=c', every_minutes: 60 }

test.each([
  ['http', { ...HTTPS, url: 'http://lists.example/a' }],
  ['another protocol', { ...HTTPS, url: 'file:///etc/passwd' }],
  ['no address', { ...HTTPS, url: 'lists.example' }],
  ['a sign-in in the address', { ...HTTPS, url: 'https://me:secret@lists.example/' }],
  ['a schedule of each second', { ...HTTPS, every_minutes: 1 / 60 }],
  ['a password in the settings', { ...HTTPS, password: 'secret' }],
  ['no pinned key', { ...SFTP, host_key: '' }],
  ['an address for a host', { ...SFTP, host: 'lists.example/a' }],
  ['a path with a line break', { ...SFTP, path: '/a\n/b' }],
  ['a folder of its own choice', { kind: 'folder', path: '/etc' }],
])('the settings of a list take no feed with %s', (_what, feed) => {
  expect(feedSchema.safeParse(feed).success).toBe(false)
})

test('the settings of a list take these', () => {
  for (const feed of [HTTPS, SFTP, { kind: 'folder' }]) {
    expect(feedSchema.parse(feed)).toEqual(feed)
  }
})
