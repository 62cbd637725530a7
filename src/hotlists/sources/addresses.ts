// Which hosts a feed may ask, and at which of their addresses: a list's settings come from a person
// at a console, and must not turn this service into their hand inside the network. A host must be
// named by the configuration, and a name that leads to loopback, to a private network or to the
// metadata of a cloud is refused unless the configuration names that host for it as well. What was
// looked at is what is connected to: there is no second look-up in between.
import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import { HotplateError } from '../../domain/error.ts'

export interface HostRules {
  /** `lists.example.gov`, or with a port where it is not the usual one. */
  hosts_allowed: readonly string[]
  /** Of these: hosts that may be on a private network, or this machine. */
  private_hosts_allowed: readonly string[]
}

export interface Address {
  address: string
  family: 4 | 6
}

/** RFC 6890 and its successors: what is not the public Internet. */
const NOT_PUBLIC_IPV4 = blockList('ipv4', [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
])
/** All but what is handed out (2000::/3), and of that what carries IPv4 or is for documents. */
const NOT_PUBLIC_IPV6 = blockList('ipv6', [
  ['::', 3],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['4000::', 2],
  ['8000::', 1],
])

/**
 * @param usual the port that an entry without one stands for
 * @returns the address to connect to
 * @throws HotplateError FEED_REFUSED; FEED_UNREACHABLE where the name can't be looked up
 */
export async function allowedAddress(
  host: string,
  port: number,
  usual: number,
  rules: HostRules,
): Promise<Address> {
  const names = port === usual ? [host, `${host}:${port}`] : [`${host}:${port}`]
  if (!names.some((name) => rules.hosts_allowed.includes(name))) {
    throw new HotplateError(
      'FEED_REFUSED',
      `Expected a host of hotlists.feeds.hosts_allowed but received ${names[0]}`,
    )
  }
  const found = await addressesOf(host)
  const [first] = found
  if (first === undefined) throw unreachable(host)
  if (names.some((name) => rules.private_hosts_allowed.includes(name))) return first
  // One that is not public among them is enough: which one is connected to would be chance.
  if (found.some((one) => !isPublic(one))) {
    throw new HotplateError(
      'FEED_REFUSED',
      `Expected ${host} at a public address but it is at one of loopback or a private network ` +
        '(hotlists.feeds.private_hosts_allowed)',
    )
  }
  return first
}

async function addressesOf(host: string): Promise<Address[]> {
  const name = host.replace(/^\[(.*)\]$/, '$1')
  const family = isIP(name)
  if (family !== 0) return [{ address: name, family: family as 4 | 6 }]
  try {
    const found = await lookup(name, { all: true })
    return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }))
  } catch (cause) {
    throw unreachable(host, cause)
  }
}

export function isPublic({ address, family }: Address): boolean {
  return family === 6
    ? !NOT_PUBLIC_IPV6.check(address, 'ipv6')
    : !NOT_PUBLIC_IPV4.check(address, 'ipv4')
}

/** One for each family: in a common one a range of IPv6 would take IPv4's addresses too. */
function blockList(
  family: 'ipv4' | 'ipv6',
  ranges: readonly (readonly [net: string, bits: number])[],
): BlockList {
  const list = new BlockList()
  for (const [net, bits] of ranges) list.addSubnet(net, bits, family)
  return list
}

function unreachable(host: string, cause?: unknown): HotplateError {
  return new HotplateError('FEED_UNREACHABLE', `The address of ${host} is not to be had`, { cause })
}
