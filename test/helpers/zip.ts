// Zip archives for tests.
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from '@zip.js/zip.js'

export interface ZipOptions {
  password?: string
  /** The old way to encrypt, in place of AES. */
  zipCrypto?: boolean
  /** 0 (stored) to 9. */
  level?: number
}

/** @param members contents by name; a name that ends with `/` is a folder */
export async function zipOf(
  members: Record<string, string | Uint8Array>,
  options: ZipOptions = {},
): Promise<Uint8Array> {
  const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false, ...options })
  for (const [name, content] of Object.entries(members)) {
    if (name.endsWith('/')) await writer.add(name, undefined, { directory: true })
    else await writer.add(name, new Uint8ArrayReader(Buffer.from(content)))
  }
  return writer.close()
}
