// An authority of a test's own, and certificates that it signs: X.509 written out in DER (RFC
// 5280), for Node makes none and a test must not need a program beside it.
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

export interface Signed {
  /** PEM */
  cert: string
  /** PEM */
  key: string
}

export interface Authority {
  /** PEM */
  ca: string
  issue(names: { dns?: readonly string[]; ipv4?: readonly string[]; days?: number }): Signed
}

const DAY_MS = 86_400_000
const ECDSA_SHA256 = '06082a8648ce3d040302'
const COMMON_NAME = '0603550403'
const BASIC_CONSTRAINTS = '0603551d13'
const ALTERNATIVE_NAMES = '0603551d11'
const PEM_CHARS = 64

export function createAuthority(name: string): Authority {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const issuer = nameOf(name)
  const is_ca = extension(BASIC_CONSTRAINTS, sequence(hex('0101ff')))
  const ca = certificate(
    { subject: issuer, issuer, publicKey, signer: privateKey, days: 30 },
    is_ca,
  )
  return {
    ca,
    issue({ dns = [], ipv4 = [], days = 30 }) {
      const leaf = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const alternatives = [
        ...dns.map((host) => der(0x82, Buffer.from(host))),
        ...ipv4.map((address) => der(0x87, Buffer.from(address.split('.').map(Number)))),
      ]
      const told = extension(ALTERNATIVE_NAMES, sequence(...alternatives))
      const subject = nameOf('a server')
      const { publicKey } = leaf
      return {
        cert: certificate({ subject, issuer, publicKey, signer: privateKey, days }, told),
        key: leaf.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      }
    },
  }
}

interface Told {
  subject: Buffer
  issuer: Buffer
  publicKey: KeyObject
  signer: KeyObject
  /** Of validity; below 0: it ended so long ago. */
  days: number
}

function certificate(
  { subject, issuer, publicKey, signer, days }: Told,
  extensions: Buffer,
): string {
  const algorithm = sequence(hex(ECDSA_SHA256))
  const from = new Date(Date.now() + (days < 0 ? 2 * days : -1) * DAY_MS)
  const to = new Date(Date.now() + days * DAY_MS)
  const body = sequence(
    der(0xa0, hex('020102')),
    der(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    algorithm,
    issuer,
    sequence(time(from), time(to)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(extensions)),
  )
  const signature = sign('sha256', body, signer)
  const whole = sequence(body, algorithm, der(0x03, Buffer.concat([Buffer.of(0), signature])))
  const lines = whole.toString('base64').match(new RegExp(`.{1,${PEM_CHARS}}`, 'g')) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}

function nameOf(name: string): Buffer {
  return sequence(der(0x31, sequence(hex(COMMON_NAME), der(0x0c, Buffer.from(name)))))
}

function extension(oid: string, value: Buffer): Buffer {
  return sequence(hex(oid), der(0x04, value))
}

function time(at: Date): Buffer {
  return der(0x18, Buffer.from(`${at.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`))
}

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex')
}

function sequence(...parts: Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts))
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  const size =
    length < 128
      ? Buffer.of(length)
      : length < 256
        ? Buffer.of(0x81, length)
        : Buffer.of(0x82, length >> 8, length & 255)
  return Buffer.concat([Buffer.of(tag), size, content])
}
