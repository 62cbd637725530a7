// The service where no compiler is at hand: it starts on WebAssembly, says so, and alerts. Were it
// wrong, such a machine would not run at all, or match otherwise without a word.
import { expect, test } from 'vitest'
import { runCli } from '../helpers/cli.ts'
import { startService } from '../helpers/service.ts'
import { alertsOf, makeRead, publish, putInForce, settled } from '../helpers/traffic.ts'

const TOLD = 'Plates are matched on WebAssembly'

test('the service says that it runs on WebAssembly, and alerts', async () => {
  let log = ''
  await using service = await startService({
    settings: { NATIVE: 'wasm' },
    onLog: (text) => (log += text),
  })
  expect(log.split('\n').filter((line) => line.startsWith(`hotplate: ${TOLD}`))).toHaveLength(1)
  const logged = log.split('\n').filter((line) => line.startsWith('{') && line.includes(TOLD))
  expect(logged).toHaveLength(1)
  await putInForce(service, 'stolen', [{ plate: 'KXA7437' }, { plate: 'TUV3947' }])
  for (const plate of ['KXA7437', 'XYZ1111', 'TUV39A7']) {
    await publish(service, makeRead({ plate }))
  }
  await settled(service)
  const alerts = await alertsOf(service)
  const seen = alerts.map(({ read, entry }) => [read.plate, entry.plate])
  expect(seen.toSorted()).toContainEqual(['KXA7437', 'KXA7437'])
  expect(seen.flat()).not.toContain('XYZ1111')
})

test('a choice of neither is one line', async () => {
  const { code, stderr } = await runCli(['match', 'explain', 'A1', 'A1'], { NATIVE: 'other' })
  expect([code, stderr]).toEqual([
    1,
    'hotplate: Expected addon or wasm for HOTPLATE_NATIVE but received other\n',
  ])
})
