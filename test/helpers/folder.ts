// A temporary folder that goes with the test: `using folder = temporaryFolder()`.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TemporaryFolder extends Disposable {
  path: string
}

export function temporaryFolder(): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), 'hotplate-'))
  return {
    path,
    [Symbol.dispose]: () =>
      rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }),
  }
}
