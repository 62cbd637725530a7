// A list's bytes out of a file, packed or not: zip archives are opened as they stream (also with a
// password: AES, or the old ZipCrypto), within limits against bombs. An archive holds one list. Its
// names are never used: nothing is written anywhere.
import { type FileHandle, open } from 'node:fs/promises'
import { type FileEntry, Reader, ZipReader } from '@zip.js/zip.js'
import { HotplateError } from '../../domain/error.ts'

export interface UnzipLimits {
  /** Bytes that come out. */
  output_bytes_max: number
  /** Bytes that come out for each one in the archive. Lists of fixed columns have 10 to 40. */
  ratio_max: number
  /** Files and folders. */
  members_max: number
}

const LIMITS: UnzipLimits = {
  output_bytes_max: 2 * 1024 ** 3,
  ratio_max: 250,
  members_max: 16,
}
/** Below this no ratio is held against an archive. */
const RATIO_FROM_BYTES = 1024 * 1024
const CHUNK_BYTES = 64 * 1024

const ZIP = [
  [0x50, 0x4b, 0x03, 0x04],
  [0x50, 0x4b, 0x05, 0x06],
]
/** zip, gzip, 7z, rar, xz, bzip2, zstd: what a list never begins with. */
const PACKED = [
  ...ZIP,
  [0x1f, 0x8b],
  [0x37, 0x7a, 0xbc, 0xaf],
  [0x52, 0x61, 0x72, 0x21],
  [0xfd, 0x37, 0x7a, 0x58],
  [0x42, 0x5a, 0x68],
  [0x28, 0xb5, 0x2f, 0xfd],
]

/**
 * @throws HotplateError LIST_ARCHIVE_REFUSED where an archive is over a limit, holds not just one
 * file or another archive, or lacks its password; LIST_UNREADABLE where it is damaged
 */
export async function* listBytes(
  path: string,
  { password, limits = LIMITS }: { password?: string; limits?: UnzipLimits } = {},
): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r')
  try {
    const head = Buffer.alloc(4)
    await file.read(head, 0, 4, 0)
    if (beginsWithOneOf(head, ZIP)) yield* unzipped(file, password, limits)
    else if (beginsWithOneOf(head, PACKED)) throw refused('a zip archive', 'one of another kind')
    else yield* file.createReadStream({ start: 0, autoClose: false, highWaterMark: CHUNK_BYTES })
  } finally {
    await file.close()
  }
}

async function* unzipped(
  file: FileHandle,
  password: string | undefined,
  limits: UnzipLimits,
): AsyncGenerator<Uint8Array> {
  const zip = new ZipReader(new RandomAccess(file), { useWebWorkers: false })
  try {
    const member = await onlyMember(zip, limits)
    if (member.encrypted && password === undefined) throw refused('its password', 'none')
    yield* bytesOf(member, password, limits)
  } catch (cause) {
    if (cause instanceof HotplateError) throw cause
    const { message } = cause as Error
    if (/password/i.test(message)) throw refused('its password', 'a wrong one')
    throw new HotplateError('LIST_UNREADABLE', `The archive can't be read: ${message}`, { cause })
  } finally {
    await zip.close()
  }
}

async function onlyMember(zip: ZipReader<unknown>, limits: UnzipLimits): Promise<FileEntry> {
  const files: FileEntry[] = []
  let members = 0
  for await (const member of zip.getEntriesGenerator()) {
    members += 1
    if (members > limits.members_max) throw refused(`at most ${limits.members_max} members`, 'more')
    if (!member.directory) files.push(member)
  }
  const [file] = files
  if (file === undefined || files.length > 1) throw refused('one file', `${files.length}`)
  if (file.uncompressedSize > limits.output_bytes_max) {
    throw refused(`at most ${limits.output_bytes_max} bytes`, `${file.uncompressedSize}`)
  }
  return file
}

async function* bytesOf(
  member: FileEntry,
  password: string | undefined,
  limits: UnzipLimits,
): AsyncGenerator<Uint8Array> {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const unpacked = member.getData(writable, {
    ...(password === undefined ? {} : { password }),
    checkCrc32: true,
    checkOverlappingEntry: true,
    useWebWorkers: false,
  })
  let bytes = 0
  for await (const chunk of untilFailed(readable, unpacked)) {
    if (bytes === 0 && beginsWithOneOf(chunk, PACKED)) throw refused('a list', 'another archive')
    bytes += chunk.length
    // What the archive says of its sizes may be a lie: what comes is counted.
    if (bytes > limits.output_bytes_max) {
      throw refused(`at most ${limits.output_bytes_max} bytes`, 'more')
    }
    if (bytes > RATIO_FROM_BYTES && bytes > limits.ratio_max * member.compressedSize) {
      throw refused(`at most ${limits.ratio_max} bytes for each one in the archive`, 'more')
    }
    yield chunk
  }
  await unpacked
}

/**
 * What fails before the first byte leaves the readable side open: whoever waited for that alone
 * would wait for ever.
 */
async function* untilFailed(
  readable: ReadableStream<Uint8Array>,
  unpacked: Promise<unknown>,
): AsyncGenerator<Uint8Array> {
  const failed = new Promise<never>((_, reject) => {
    unpacked.catch(reject)
  })
  failed.catch(() => {})
  const reader = readable.getReader()
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), failed])
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}

function beginsWithOneOf(bytes: Uint8Array, heads: readonly (readonly number[])[]): boolean {
  return heads.some((head) => head.every((byte, place) => bytes[place] === byte))
}

function refused(expected: string, came: string): HotplateError {
  const message = `The archive is refused: expected ${expected} but found ${came}`
  return new HotplateError('LIST_ARCHIVE_REFUSED', message)
}

/** Reads only what is asked for: an archive may be larger than memory. */
class RandomAccess extends Reader<FileHandle> {
  readonly #file: FileHandle

  constructor(file: FileHandle) {
    super(file)
    this.#file = file
  }

  override async init(): Promise<void> {
    await super.init?.()
    this.size = (await this.#file.stat()).size
  }

  override async readUint8Array(index: number, length: number): Promise<Uint8Array> {
    const target = new Uint8Array(Math.max(0, Math.min(length, this.size - index)))
    const { bytesRead } = await this.#file.read(target, 0, target.length, index)
    return target.subarray(0, bytesRead)
  }
}
