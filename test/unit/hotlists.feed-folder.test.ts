// Watched folders. A file taken while it is still written would look like a list that shrank, and
// one that is lost between two folders like a list that never came.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { link, mkdir, rename, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { type Outcome, WatchedFolder } from '../../src/hotlists/sources/folder.ts'
import { temporaryFolder } from '../helpers/folder.ts'

const SETTLED_MS = 5_000
const done = (report: object = {}): Outcome => ({ became: 'done', report })

let folder: string
let watched: WatchedFolder
let taken: string[]

beforeEach(() => {
  const temporary = temporaryFolder()
  folder = join(temporary.path, 'stolen')
  watched = new WatchedFolder(folder, SETTLED_MS)
  taken = []
  return () => temporary[Symbol.dispose]()
})

function look(at_s: number, outcome: (name: string) => Outcome = () => done()): Promise<void> {
  return watched.look(at_s * 1_000, ({ name, path }) => {
    taken.push(`${name} ${readFileSync(path, 'utf8')}`)
    return Promise.resolve(outcome(name))
  })
}

const put = (name: string, text = 'x') => writeFile(join(folder, name), text)
const names = (kind: string) => readdirSync(join(folder, kind)).sort()

test('the folder is made, and a file is taken once it has stood unchanged', async () => {
  await look(0)
  await put('list.csv', 'ha')
  await look(10)
  expect(taken).toEqual([])
  await put('list.csv', 'half more')
  await look(20)
  await look(24)
  expect(taken).toEqual([])
  await look(25)
  expect(taken).toEqual(['list.csv half more'])
  await look(40)
  expect(taken).toHaveLength(1)
})

test('the file and a report stand in done; what failed stands in failed', async () => {
  await look(0)
  await put('good.csv', 'good')
  await put('bad.csv', 'bad')
  const outcome = (name: string): Outcome =>
    name === 'good.csv' ? done({ version: 7 }) : { became: 'failed', report: { code: 'LIST_X' } }
  await look(10, outcome)
  await look(20, outcome)
  const time = '1970-01-01T00-00-20.000Z'
  expect(names('done')).toEqual([`${time}-good.csv`, `${time}-good.csv.report.json`])
  expect(names('failed')).toEqual([`${time}-bad.csv`, `${time}-bad.csv.report.json`])
  const report = readFileSync(join(folder, 'done', `${time}-good.csv.report.json`), 'utf8')
  expect(JSON.parse(report)).toEqual({ version: 7 })
  expect(names('taken')).toEqual([])
})

test('what the service is at fault for comes again, later each time', async () => {
  await look(0)
  await put('list.csv')
  let broken = true
  const outcome = (): Outcome => (broken ? { became: 'again' } : done())
  const taken_at: number[] = []
  for (let s = 5; s <= 300; s += 5) {
    const before = taken.length
    await look(s, outcome)
    if (taken.length > before) taken_at.push(s)
  }
  expect(taken_at).toEqual([10, 25, 55, 115, 235])
  broken = false
  for (let s = 305; s <= 600; s += 5) await look(s, outcome)
  expect(taken).toHaveLength(6)
  expect(names('done')).toHaveLength(2)
})

test('what a service left that died over it is taken by the next', async () => {
  await look(0)
  await put('taken/list.csv')
  watched = new WatchedFolder(folder, SETTLED_MS)
  await look(10)
  await look(20)
  expect(taken).toEqual(['list.csv x'])
})

test('the oldest file comes first', async () => {
  await look(0)
  for (const [name, modified_s] of [
    ['b.csv', 300],
    ['a.csv', 200],
    ['c.csv', 100],
  ] as const) {
    await put(name)
    await utimes(join(folder, name), modified_s, modified_s)
  }
  await look(1_000)
  await look(1_010)
  expect(taken).toEqual(['c.csv x', 'a.csv x', 'b.csv x'])
})

test('names of unfinished files, folders and links are left alone', async () => {
  await look(0)
  const left = ['.hidden', 'list.csv.tmp', 'list.csv.part', 'list.csv.filepart', 'x.report.json']
  for (const name of left) await put(name)
  await mkdir(join(folder, 'folder.csv'))
  await symlink('/etc/hostname', join(folder, 'link.csv'))
  await writeFile(join(folder, '..', 'elsewhere'), 'x')
  await link(join(folder, '..', 'elsewhere'), join(folder, 'hard.csv'))
  await look(10)
  await look(20)
  expect(taken).toEqual([])
  await rename(join(folder, 'list.csv.part'), join(folder, 'list.csv'))
  await look(30)
  await look(40)
  expect(taken).toEqual(['list.csv x'])
})

test('a file with the longest of names fits where it goes', async () => {
  await look(0)
  await put(`${'n'.repeat(251)}.csv`)
  await look(10)
  await look(20)
  expect(taken).toHaveLength(1)
  expect(names('done')).toHaveLength(2)
})

test('what was taken long ago goes', async () => {
  await look(0)
  await put('list.csv')
  await look(10)
  await look(20)
  await watched.clear(Date.now() + 29 * 86_400_000, 30)
  expect(names('done')).toHaveLength(2)
  await watched.clear(Date.now() + 31 * 86_400_000, 30)
  expect(names('done')).toEqual([])
  expect(existsSync(folder)).toBe(true)
})
