// Style is a test: what a reviewer would otherwise have to say again and again. Each check is first
// proved able to fail on a bad sample; were it to pass all, the sample would tell.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { importCircles, importsThatGoUp, unusedExports } from './helpers/tidy/graph.ts'
import { isTypeScript, projectSources, type Source } from './helpers/tidy/source.ts'
import {
  anyTypes,
  headlessFiles,
  lockHosts,
  longFiles,
  longFunctions,
  machinePaths,
  testsThatDontRun,
  unfinishedMarkers,
  wideLines,
} from './helpers/tidy/text.ts'

const root = join(import.meta.dirname, '..')
const sources = projectSources(root)
const lock: Source = {
  path: 'package-lock.json',
  text: readFileSync(join(root, 'package-lock.json'), 'utf8'),
}

const lines = (count: number, line: string): string => `${line}\n`.repeat(count)
const file = (path: string, text: string): Source => ({ path, text })

interface Check {
  name: string
  find: (source: Source) => string[]
  bad: Source[]
  good: Source[]
}

const checks: Check[] = [
  {
    name: 'lines keep to 100 columns, 140 in Markdown',
    find: wideLines,
    bad: [file('a.ts', `// ${'é'.repeat(98)}`), file('a.md', 'x'.repeat(141))],
    good: [
      file('a.ts', `// ${'é'.repeat(97)}`),
      file('a.md', `${'x'.repeat(140)}\n| ${'x'.repeat(200)} |`),
    ],
  },
  {
    name: 'files keep to 500 lines',
    find: longFiles,
    bad: [file('a.ts', lines(501, '// a'))],
    good: [file('a.ts', lines(500, '// a'))],
  },
  {
    name: 'functions keep to 70 lines',
    find: longFunctions,
    bad: [
      file('a.ts', `function a() {\n${lines(69, '')}}`),
      file('b.ts', `class B {\n  b() {\n${lines(69, '')}}\n}`),
      file('c.test.ts', `test('c', async () => {\n${lines(69, '')}})`),
      file('d.cpp', `static int d(int e) noexcept {\n${lines(69, '  { e++; }')}}`),
    ],
    good: [
      file('a.ts', `function a() {\n${lines(68, '')}}`),
      file('c.test.ts', `describe('c', () => {\n${lines(99, '')}})`),
      file('d.cpp', `namespace d {\n${lines(99, '')}}`),
    ],
  },
  {
    name: 'files say in their first line what they are for',
    find: headlessFiles,
    bad: [file('a.ts', 'export {}'), file('b.sh', '#!/bin/sh\nset -e'), file('c.sql', 'SELECT 1')],
    good: [file('a.ts', '// A.\nexport {}'), file('b.sh', '#!/bin/sh\n# B.'), file('c.json', '{}')],
  },
  {
    name: 'no marks of unfinished work',
    find: unfinishedMarkers,
    bad: [file('a.ts', `// ${'TO'}${'DO'}: later`), file('b.cpp', `int b; /* ${'FIX'}${'ME'} */`)],
    good: [file('a.ts', '// What is to be done is done.')],
  },
  {
    name: 'no path of one machine',
    find: machinePaths,
    bad: [file('a.ts', `open('${'/'}home/jane/data')`), file('b.md', `cd ${'/'}work/main`)],
    good: [file('a.ts', "import './home/page.ts'; fetch('https://a.example/home/x')")],
  },
  {
    name: 'every test runs',
    find: testsThatDontRun,
    bad: [
      file('a.test.ts', "test.skip('a', () => {})"),
      file('b.test.ts', "describe.only('b', () => {})"),
      file('c.test.ts', "it.skipIf(process.env.X).each([1])('c', () => {})"),
      file('d.test.ts', "test('d', (context) => { context.skip() })"),
    ],
    good: [file('a.test.ts', "test('a', () => { iterator.skip(); console.log('test.only') })")],
  },
  {
    name: 'no any in types',
    find: anyTypes,
    bad: [file('a.ts', 'const a = b as any'), file('b.ts', 'function b(c: any[]) {}')],
    good: [file('a.ts', "const any: unknown = 'any'")],
  },
]

describe('each check can fail', () => {
  test.each(checks)('$name', ({ find, bad, good }) => {
    for (const sample of bad) expect(find(sample), sample.text).toHaveLength(1)
    for (const sample of good) expect(find(sample), sample.text).toEqual([])
  })

  test('the lock file names no host', () => {
    const resolved = '"resolved": "https://packages.example/a.tgz"'
    expect(lockHosts(file('package-lock.json', resolved))).toHaveLength(1)
  })

  test('imports go down', () => {
    const files = [
      file('src/domain/read.ts', "import { bus } from '../bus/bus.ts'"),
      file('src/bus/bus.ts', "import type { Read } from '../domain/read.ts'"),
      file('src/bus/other.ts', "export * from '../../test/a.ts'"),
      file('src/console/page.ts', "import { bus } from '../bus/bus.ts'"),
      file('src/attic/a.ts', "const a = await import('../bus/bus.ts')"),
      file('src/gateway/a.ts', "import { Page } from '../console/page.ts'"),
      file('test/a.ts', "import { bus } from '../src/bus/bus.ts'"),
    ]
    expect(importsThatGoUp(files).map((found) => found.split(' ')[0])).toEqual([
      'src/domain/read.ts:1',
      'src/bus/other.ts:1',
      'src/console/page.ts:1',
      'src/attic/a.ts:1',
      'src/gateway/a.ts:1',
    ])
  })

  test('no circles, of files or of rooms', () => {
    const files = [
      file('src/bus/a.ts', "import './b.ts'"),
      file('src/bus/b.ts', "import type { C } from './c.ts'"),
      file('src/bus/c.ts', "import './a.ts'"),
    ]
    expect(importCircles(files)).toHaveLength(1)
    const rooms = [
      file('src/alerts/a.ts', "import '../access/a.ts'"),
      file('src/access/a.ts', ''),
      file('src/access/b.ts', "import '../alerts/b.ts'"),
      file('src/alerts/b.ts', ''),
    ]
    expect(importCircles(rooms)).toEqual(['alerts:1 imports itself by way of access, alerts'])
    expect(importCircles(rooms.slice(0, 2))).toEqual([])
  })

  test('exports are used', () => {
    const files = [
      file('src/a.ts', 'export const used = 1, unused = 2\nexport default 3'),
      file('src/b.ts', "import { used } from './a.ts'\nexport interface Alone { used: number }"),
      file('src/c.ts', 'interface Part {}\nexport function whole(part: Part) {}'),
      file('src/d.ts', "const { whole } = await import('./c.ts')"),
      file('src/e.ts', 'export interface Part {}\nconst part: Part = {}'),
    ]
    expect(unusedExports(files)).toEqual([
      'src/a.ts:1 exports unused, which nobody imports',
      'src/b.ts:2 exports Alone, which nobody imports',
    ])
  })
})

describe('the project', () => {
  test('is found', () => {
    expect(sources.filter(isTypeScript).length).toBeGreaterThan(20)
    expect(sources.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['src/domain/read.ts', 'scripts/hotplate', 'test/tidy.test.ts']),
    )
  })

  test.each(checks)('$name', ({ find }) => {
    expect(sources.flatMap(find)).toEqual([])
  })

  test('the lock file names no host', () => {
    expect(lockHosts(lock)).toEqual([])
  })

  test('imports go down', () => {
    expect(importsThatGoUp(sources)).toEqual([])
  })

  test('no circles, of files or of rooms', () => {
    expect(importCircles(sources)).toEqual([])
  })

  test('exports are used', () => {
    expect(unusedExports(sources)).toEqual([])
  })
})
