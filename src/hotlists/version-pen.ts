// Whoever brings a version in writes its record, and nobody else does: each write is on the
// revision of the one before. An import whose record another has written (it was silent for so long
// that it was taken for dead) has lost, and ends.
import { isOvertaken } from '../bus/documents.ts'
import { HotplateError } from '../domain/error.ts'
import type { StagingCounts } from './staging.ts'
import { type VersionRecord, type VersionRecords, versionKey } from './versions.ts'

const ALIVE_EVERY_MS = 5_000

export class VersionPen {
  readonly #versions: VersionRecords
  #record: VersionRecord
  #revision: number
  #turn: Promise<void> = Promise.resolve()

  private constructor(versions: VersionRecords, record: VersionRecord, revision: number) {
    this.#versions = versions
    this.#record = record
    this.#revision = revision
  }

  static async open(versions: VersionRecords, record: VersionRecord): Promise<VersionPen> {
    const key = versionKey(record.list, record.version)
    // Left from before a bus lost its documents of numbers given out.
    const before = await versions.get(key)
    const revision =
      before === null
        ? await versions.create(key, record)
        : await versions.update(key, record, before.revision)
    return new VersionPen(versions, record, revision)
  }

  get record(): VersionRecord {
    return this.#record
  }

  /** What has come so far; written with the next sign of life. */
  saw(counts: StagingCounts): void {
    this.#record = { ...this.#record, counts }
  }

  /** @throws HotplateError IMPORT_LOST, BUS_UNAVAILABLE */
  write(change: Partial<VersionRecord>): Promise<void> {
    const turn = this.#turn.catch(() => undefined).then(() => this.#write(change))
    this.#turn = turn
    return turn
  }

  async #write(change: Partial<VersionRecord>): Promise<void> {
    const { list, version } = this.#record
    const record = { ...this.#record, ...change, seen_at: new Date().toISOString() }
    try {
      const key = versionKey(list, version)
      this.#revision = await this.#versions.update(key, record, this.#revision)
      this.#record = record
    } catch (error) {
      if (!isOvertaken(error)) throw error
      const message = `Version ${version} of ${list} was taken for dead: import it again`
      throw new HotplateError('IMPORT_LOST', message)
    }
  }

  /** Gives signs of life until the function that it returns is called. */
  keepAlive(): () => void {
    // A sign that fails says nothing yet: the next write that matters does.
    const timer = setInterval(() => this.write({}).catch(() => undefined), ALIVE_EVERY_MS)
    return () => clearInterval(timer)
  }
}
