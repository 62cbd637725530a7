// Replaying a file. If the bugs return: lines are lost or changed on the way, a line without a
// camera ends the replay or goes unseen, or a file is published faster than asked.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { replayFile } from '../../src/simulate/replay.ts'
import { temporaryFolder } from '../helpers/folder.ts'

interface Replayed {
  subject: string
  payload: Buffer
}

async function replay(content: string | Buffer, options: { batch?: number; rate?: number } = {}) {
  using folder = temporaryFolder()
  const file = join(folder.path, 'reads.ndjson')
  writeFileSync(file, content)
  const messages: Replayed[] = []
  const skipped: [number, string][] = []
  const counts = await replayFile({
    publish: (subject, payload) => {
      messages.push({ subject, payload: Buffer.from(payload) })
      return Promise.resolve()
    },
    file,
    rate_reads_s: options.rate ?? 0,
    batch: options.batch ?? 1,
    onSkipped: (line, why) => skipped.push([line, why]),
  })
  return { messages, skipped, counts }
}

test('each line goes to its camera byte for byte, with the last one unended', async () => {
  const lines = ['{"camera":"a","plate":"1"}', '{"camera":"b-2", "x": "\u00e9"}', '{"camera":"a"}']
  const { messages, counts } = await replay(`${lines[0]}\r\n\n${lines[1]}\n${lines[2]}`)
  expect(messages.map(({ subject }) => subject)).toEqual([
    'reads.v1.a',
    'reads.v1.b-2',
    'reads.v1.a',
  ])
  expect(messages.map(({ payload }) => payload.toString())).toEqual(lines)
  expect(counts).toMatchObject({ lines: 3, lines_skipped: 0, reads_acked: 3 })
})

test('malformed lines that name a camera are published as they are, bad UTF-8 too', async () => {
  const broken = Buffer.from('{"camera":"a","plate":"\xff', 'latin1')
  const { messages } = await replay(Buffer.concat([broken, Buffer.from('\n{"camera":"a"')]))
  expect(messages.map(({ payload }) => payload)).toEqual([broken, Buffer.from('{"camera":"a"')])
})

test('lines without a camera are told with their number, and the rest goes on', async () => {
  const long = 'x'.repeat(5 * 1024 * 1024)
  const { messages, skipped, counts } = await replay(
    ['null', '{"camera":"a"}', '', '{"camera":"A.>"}', '{"camera":7}', long, '{"camera":"b"}'].join(
      '\n',
    ),
  )
  expect(skipped.map(([line]) => line)).toEqual([1, 4, 5, 6])
  expect(skipped[0]?.[1]).toBe('no camera found in it')
  expect(skipped[3]?.[1]).toMatch(/more than \d+ bytes/)
  expect(messages).toHaveLength(2)
  expect(counts).toMatchObject({ lines: 6, lines_skipped: 4, reads_acked: 2 })
})

test('many lines to a message keep camera and order, and none stays behind', async () => {
  const lines = Array.from({ length: 250 }, (_, n) => `{"camera":"${'abc'[n % 3]}","n":${n}}`)
  const { messages, counts } = await replay(lines.join('\n'), { batch: 40 })
  const byCamera = new Map<string, string[]>()
  for (const { subject, payload } of messages) {
    const held = payload.toString().split('\n')
    expect(held.length).toBeLessThanOrEqual(40)
    byCamera.set(subject, [...(byCamera.get(subject) ?? []), ...held])
  }
  for (const [n, camera] of ['a', 'b', 'c'].entries()) {
    expect(byCamera.get(`reads.v1.${camera}`)).toEqual(lines.filter((_, line) => line % 3 === n))
  }
  expect(counts).toMatchObject({ reads_acked: 250, messages_acked: 9 })
})

test('a rate holds', async () => {
  const start_ms = performance.now()
  await replay('{"camera":"a"}\n'.repeat(60), { rate: 300 })
  expect(performance.now() - start_ms).toBeGreaterThan(185)
})

test('a file that is not there is named', async () => {
  const options = {
    publish: () => Promise.resolve(),
    file: '/nowhere/reads.ndjson',
    rate_reads_s: 0,
  }
  await expect(replayFile(options)).rejects.toThrow(/\/nowhere\/reads.ndjson can't be read/)
})
