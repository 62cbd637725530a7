// Pictures that came with reads: a folder per UTC day, so that a day's pictures go as its partition
// goes.
//
//   images/<YYYY-MM-DD>/<camera>/<hash>.<plate|vehicle>.jpg
//
// The hash is the first 32 hex digits of the SHA-256 of the read's id, which may hold any printable
// character. The first picture of a read wins, like the read.
import { createHash, randomBytes } from 'node:crypto'
import { link, mkdir, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CAMERA_ID } from '../domain/read.ts'

export type ImageKind = 'plate' | 'vehicle'

const DAY = /^\d{4}-\d\d-\d\d$/

export class ImageStore {
  #root: string

  constructor(data_dir: string) {
    this.#root = join(data_dir, 'images')
  }

  async put(
    day: string,
    camera: string,
    read_id: string,
    kind: ImageKind,
    bytes: Uint8Array,
  ): Promise<void> {
    const file = this.#file(day, camera, read_id, kind)
    await mkdir(join(this.#root, day, camera), { recursive: true })
    const unfinished = `${file}.${randomBytes(6).toString('hex')}`
    await writeFile(unfinished, bytes)
    try {
      // A link appears whole or not at all, and refuses to replace the first one.
      await link(unfinished, file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      await unlink(unfinished)
    }
  }

  /** The picture, or null where there is none. */
  async open(
    day: string,
    camera: string,
    read_id: string,
    kind: ImageKind,
  ): Promise<Buffer | null> {
    try {
      return await readFile(this.#file(day, camera, read_id, kind))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
  }

  /** Days that have a folder, oldest first. */
  async days(): Promise<string[]> {
    try {
      return (await readdir(this.#root)).filter((name) => DAY.test(name)).sort()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  }

  /** Number of pictures of a day. */
  async count(day: string): Promise<number> {
    const names = await readdir(join(this.#root, day), { recursive: true })
    return names.filter((name) => name.endsWith('.jpg')).length
  }

  async dropDay(day: string): Promise<void> {
    if (!DAY.test(day)) throw new RangeError(`Expected YYYY-MM-DD for day but received ${day}`)
    await rm(join(this.#root, day), { recursive: true, force: true })
  }

  #file(day: string, camera: string, read_id: string, kind: ImageKind): string {
    if (!DAY.test(day) || !CAMERA_ID.test(camera)) {
      throw new RangeError('Expected YYYY-MM-DD for day and a camera id for camera')
    }
    const name = createHash('sha256').update(read_id).digest('hex').slice(0, 32)
    return join(this.#root, day, camera, `${name}.${kind}.jpg`)
  }
}
