// Builds native/ for WebAssembly into native/wasm/hotplate.wasm, which is committed: it serves
// where no compiler is at hand. To be run after each change of the C++ side. The result depends on
// the compiler, so its version is fixed. Plain JavaScript without packages, as build-native.mjs.
//
//   build-wasm.mjs                 builds and writes it
//   build-wasm.mjs check-sources   is the committed file of these sources? Needs no compiler
//   build-wasm.mjs check           is it, byte for byte, what they give?
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const WASM_FILE = join(ROOT, 'native/wasm/hotplate.wasm')
/** Debian 12's. */
const CLANG_MAJOR = '14'
/** At the file's end. */
const HASH_CHARS = 64
const PARTS = ['decoder', 'judge', 'matcher', 'reference', 'scorer', 'wasm']
const FLAGS = [
  '--target=wasm32-wasi',
  '-mexec-model=reactor',
  '-std=c++20',
  '-O3',
  '-fno-exceptions',
  '-fno-rtti',
  '-Wl,--strip-all',
  '-Wl,-z,stack-size=262144',
]
const ADVICE =
  'install Debian 12’s (apt-get install clang lld wasi-libc libc++-dev-wasm32 ' +
  'libclang-rt-dev-wasm32)'

/** Of what the file is built of, as it stands in its section `sources`. */
function sourcesHash() {
  const hash = createHash('sha256').update(FLAGS.join(' '))
  for (const file of sources(/\.[ch]pp$/)) {
    hash.update(`\n${relative(ROOT, file)}\n`).update(readFileSync(file))
  }
  return hash.digest('hex')
}

/**
 * @returns {Buffer} the module
 * @throws Error whose message is one line: the compiler is missing or of another version, or its
 * first complaint
 */
function buildWasm() {
  const clang = compiler()
  const folder = mkdtempSync(join(tmpdir(), 'hotplate-wasm-'))
  try {
    const file = join(folder, 'hotplate.wasm')
    const files = sources(/\.cpp$/).map((source) => relative(ROOT, source))
    const { status, stderr } = spawnSync(clang, [...FLAGS, ...files, '-o', file], {
      cwd: ROOT,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    })
    if (status !== 0) throw new Error(complaint(stderr))
    return Buffer.concat([readFileSync(file), section('sources', sourcesHash())])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function compiler() {
  const versions = []
  for (const clang of [`clang++-${CLANG_MAJOR}`, 'clang++']) {
    const { stdout, error } = spawnSync(clang, ['-dumpversion'], { encoding: 'utf8' })
    if (error) continue
    if (stdout.split('.')[0] === CLANG_MAJOR) return clang
    versions.push(stdout.trim())
  }
  const found = versions.length === 0 ? 'none is here' : `here is ${versions.join(', ')}`
  throw new Error(`WebAssembly is built by clang ${CLANG_MAJOR}, and ${found}: ${ADVICE}`)
}

function complaint(output) {
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  const first = lines.find((line) => /\berror\b/i.test(line)) ?? lines.at(-1) ?? 'no output'
  const advice = /not found|cannot open|unable to find/.test(first) ? `; ${ADVICE}` : ''
  return `Building for WebAssembly failed: ${first.trim()}${advice}`
}

function sources(kind) {
  return PARTS.flatMap((part) =>
    readdirSync(join(ROOT, 'native', part))
      .filter((name) => kind.test(name))
      .sort()
      .map((name) => join(ROOT, 'native', part, name)),
  )
}

/** A custom section: engines pass over it. */
function section(name, text) {
  const content = Buffer.concat([Buffer.from([name.length]), Buffer.from(name + text)])
  if (content.length > 127) throw new Error('A section of more than 127 bytes has a longer head')
  return Buffer.concat([Buffer.from([0, content.length]), content])
}

function check(same) {
  if (same) return
  const file = relative(ROOT, WASM_FILE)
  throw new Error(`${file} is of other sources: run \`node scripts/build-wasm.mjs\``)
}

try {
  const [what = 'build'] = process.argv.slice(2)
  if (what === 'check-sources') check(readFileSync(WASM_FILE).includes(sourcesHash(), -HASH_CHARS))
  else if (what === 'check') check(buildWasm().equals(readFileSync(WASM_FILE)))
  else writeFileSync(WASM_FILE, buildWasm())
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
