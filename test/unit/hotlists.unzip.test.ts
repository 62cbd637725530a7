// Lists in archives. A bomb of a few kilobytes must not fill memory or disk, and a damaged archive
// must never look like a short list.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { listBytes, type UnzipLimits } from '../../src/formats/hotlists/unzip.ts'
import { temporaryFolder } from '../helpers/folder.ts'
import { zipOf } from '../helpers/zip.ts'

const TEXT = 'plate,reason\nABC123,Stolen\n'

async function read(
  bytes: Uint8Array | string,
  options?: { password?: string; limits?: UnzipLimits },
): Promise<string> {
  using folder = temporaryFolder()
  const path = join(folder.path, 'list')
  await writeFile(path, bytes)
  const chunks: Uint8Array[] = []
  for await (const chunk of listBytes(path, options)) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

const small: UnzipLimits = { output_bytes_max: 3_000_000, ratio_max: 50, members_max: 3 }

test('a file that is no archive is read as it is', async () => {
  expect(await read(TEXT)).toBe(TEXT)
  expect(await read('')).toBe('')
})

test.each([
  ['stored', { level: 0 }],
  ['deflated', { level: 9 }],
])('%s', async (_what, options) => {
  expect(await read(await zipOf({ 'a/': '', 'a/list.csv': TEXT }, options))).toBe(TEXT)
})

test.each([
  ['AES', {}],
  ['ZipCrypto', { zipCrypto: true }],
])('with a password: %s', async (_what, options) => {
  const bytes = await zipOf({ 'list.csv': TEXT }, { password: 'of the archive', ...options })
  expect(await read(bytes, { password: 'of the archive' })).toBe(TEXT)
  await expect(read(bytes)).rejects.toMatchObject({
    code: 'LIST_ARCHIVE_REFUSED',
    message: expect.stringContaining('expected its password but found none'),
  })
  await expect(read(bytes, { password: 'of another' })).rejects.toMatchObject({
    code: 'LIST_ARCHIVE_REFUSED',
    message: expect.stringContaining('a wrong one'),
  })
})

test('a name that leads out of a folder is refused', async () => {
  const bytes = await zipOf({ '../../etc/hotplate': TEXT })
  await expect(read(bytes)).rejects.toMatchObject({ code: 'LIST_UNREADABLE' })
})

test.each([
  ['nothing in it', {}, 'one file but found 0'],
  ['two files', { a: TEXT, b: TEXT }, 'one file but found 2'],
  ['too many members', { 'a/': '', 'b/': '', 'c/': '', d: TEXT }, 'at most 3 members'],
  ['a gzip in it', { a: Buffer.from([0x1f, 0x8b, 8, 0]) }, 'another archive'],
  ['more than it may give', { a: 'x'.repeat(3_000_001) }, 'at most 3000000 bytes'],
  ['a bomb', { a: new Uint8Array(2_500_000) }, 'for each one in the archive'],
])('%s is refused', async (_what, members, message) => {
  await expect(read(await zipOf(members), { limits: small })).rejects.toMatchObject({
    code: 'LIST_ARCHIVE_REFUSED',
    message: expect.stringContaining(message),
  })
})

test('an archive in an archive is refused, and so is one of another kind', async () => {
  const inner = await zipOf({ a: TEXT })
  for (const bytes of [await zipOf({ a: inner }), Buffer.from([0x1f, 0x8b, 8, 0])]) {
    await expect(read(bytes)).rejects.toMatchObject({ code: 'LIST_ARCHIVE_REFUSED' })
  }
})

test('an archive that lies about its size is counted as it unfolds', async () => {
  const bytes = Buffer.from(await zipOf({ a: new Uint8Array(2_900_000) }))
  // The uncompressed size, wherever it stands: local header, descriptor, directory.
  const size = Buffer.alloc(4)
  size.writeUInt32LE(2_900_000)
  const lie = Buffer.alloc(4)
  lie.writeUInt32LE(100)
  let places = 0
  for (let at = bytes.indexOf(size); at !== -1; at = bytes.indexOf(size, at + 4)) {
    lie.copy(bytes, at)
    places += 1
  }
  expect(places).toBeGreaterThan(0)
  await expect(read(bytes, { limits: small })).rejects.toMatchObject({
    code: expect.stringMatching(/^LIST_(ARCHIVE_REFUSED|UNREADABLE)$/),
  })
})

test('one that is cut off or damaged anywhere is an error', async () => {
  const bytes = await zipOf({ 'list.csv': TEXT.repeat(20) })
  using folder = temporaryFolder()
  const path = join(folder.path, 'list')
  for (let length = 4; length < bytes.length; length += 7) {
    await writeFile(path, bytes.subarray(0, length))
    await expect(drain(path), `cut at ${length}`).rejects.toMatchObject({ code: 'LIST_UNREADABLE' })
  }
  const local = Buffer.from(bytes)
  const data = 30 + local.readUInt16LE(26) + local.readUInt16LE(28)
  for (let at = data; at < data + 30; at += 3) {
    const damaged = Buffer.from(bytes)
    damaged[at] = (damaged[at] as number) ^ 0xff
    await writeFile(path, damaged)
    await expect(drain(path), `damaged at ${at}`).rejects.toMatchObject({ code: 'LIST_UNREADABLE' })
  }
})

async function drain(path: string): Promise<void> {
  for await (const chunk of listBytes(path)) expect(chunk.length).toBeGreaterThan(0)
}

test('a reader that stops early leaves no file open', async () => {
  using folder = temporaryFolder()
  const path = join(folder.path, 'list')
  await writeFile(path, await zipOf({ a: Buffer.alloc(900_000, 'x\n') }, { level: 0 }))
  for await (const chunk of listBytes(path)) {
    expect(chunk.length).toBeGreaterThan(0)
    break
  }
})
