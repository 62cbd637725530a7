// Where the browser for the tests is: the same names and places as in scripts/setup.sh.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const APPLICATIONS = ['Google Chrome', 'Chromium']

/** Path of the first Chromium or Chrome that this machine has. */
export function findChromium(): string {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  const places = [
    ...PROGRAMS.flatMap((program) => folders.map((folder) => join(folder, program))),
    ...APPLICATIONS.map((name) => join('/Applications', `${name}.app/Contents/MacOS`, name)),
  ]
  const found = places.find(isExecutable)
  if (found === undefined) {
    throw new Error(`Expected one of ${PROGRAMS.join(', ')} on the PATH for the browser tests`)
  }
  return found
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
