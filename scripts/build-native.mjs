// Builds the native matcher into build/Release/ when its sources, or the Node that runs this, have
// changed. Silent unless it fails. Plain JavaScript without packages of its own: the set-up runs it
// under any Node.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const ADDON = join(ROOT, 'build/Release/hotplate.node')
const STAMP = join(ROOT, 'build/native.stamp')
const LOCK = join(ROOT, 'build/native.lock')
const BUILD_S_MAX = 300

/**
 * Makes sure that the addon is there and up to date.
 * @returns {'built' | 'unchanged'}
 * @throws Error whose message is one line that names what is missing, or the compiler's first
 * complaint
 */
export function buildNative() {
  const wanted = sourcesHash()
  if (isBuilt(wanted)) return 'unchanged'
  mkdirSync(dirname(LOCK), { recursive: true })
  const release = lock()
  try {
    // Another process may have built it while this one waited.
    if (isBuilt(wanted)) return 'unchanged'
    // What an interrupted build left behind would be taken for good.
    rmSync(dirname(ADDON), { recursive: true, force: true })
    compile()
    writeFileSync(STAMP, wanted)
    return 'built'
  } finally {
    release()
  }
}

function isBuilt(wanted) {
  return existsSync(ADDON) && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted
}

function sourcesHash() {
  const hash = createHash('sha256').update(`${process.version} ${process.platform} ${process.arch}`)
  const files = readdirSync(join(ROOT, 'native'), { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && /\.[ch]pp$/.test(file.name))
    .map((file) => join(file.parentPath, file.name))
    .sort()
  for (const file of [join(ROOT, 'binding.gyp'), ...files])
    hash.update(file).update(readFileSync(file))
  return hash.digest('hex')
}

function compile() {
  const gyp = join(ROOT, 'node_modules/node-gyp/bin/node-gyp.js')
  if (!existsSync(gyp)) throw new Error('Building the matcher needs node-gyp: run npm ci first')
  const env = { ...process.env }
  // A value from the environment beats --nodedir, and may be of another Node.
  for (const name of Object.keys(env))
    if (/^npm_(config|package_config_node_gyp)_nodedir$/i.test(name)) delete env[name]
  const node_folder = dirname(dirname(process.execPath))
  const headers = existsSync(join(node_folder, 'include/node/node_api.h'))
  const args = [gyp, 'configure', 'build', ...(headers ? [`--nodedir=${node_folder}`] : [])]
  const { status, stdout, stderr, error } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    env,
    encoding: 'utf8',
    timeout: BUILD_S_MAX * 1000,
    maxBuffer: 64 * 1024 * 1024,
  })
  if (status !== 0) throw new Error(complaint(`${stderr}\n${stdout}\n${error?.message ?? ''}`))
}

function complaint(output) {
  const tools = [process.env.CXX || 'g++', 'make', 'python3']
  const missing = tools.filter((tool) => spawnSync(tool.split(' ')[0], ['--version']).error)
  if (missing.length > 0) {
    const advice = 'install what is missing (Debian: apt-get install g++ make python3)'
    return `Building the matcher needs ${missing.join(', ')}: ${advice}`
  }
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  const first = lines.find((line) => /\berror\b/i.test(line)) ?? lines.at(-1) ?? 'no output'
  return `Building the matcher failed: ${first.trim()}`
}

/**
 * One build at a time: the holder's process id stands in the file, so that a dead one's lock is
 * taken over.
 */
function lock() {
  const end_ms = Date.now() + BUILD_S_MAX * 1000
  const idle = new Int32Array(new SharedArrayBuffer(4))
  while (Date.now() < end_ms) {
    try {
      const file = openSync(LOCK, 'wx')
      writeFileSync(file, String(process.pid))
      closeSync(file)
      return () => rmSync(LOCK, { force: true })
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    if (!holderLives()) rmSync(LOCK, { force: true })
    else Atomics.wait(idle, 0, 0, 100)
  }
  throw new Error(`Building the matcher waited ${BUILD_S_MAX} s for another build: remove ${LOCK}`)
}

function holderLives() {
  try {
    const pid = Number(readFileSync(LOCK, 'utf8'))
    // Empty for the moment between its making and its writing.
    if (pid === 0) return true
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    buildNative()
  } catch (error) {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}
