// Entries whose time has passed, in a service that matches against them. Were it wrong, drivers
// would be stopped for what nobody looks for any more.
import { expect, test } from 'vitest'
import { startService } from '../helpers/service.ts'
import { alertsOf, makeRead, publish, putInForce, settled } from '../helpers/traffic.ts'

test('401.4f an expired entry never alerts; one that has still to expire does', async () => {
  await using service = await startService()
  const at = (from_now_ms: number) => new Date(Date.now() + from_now_ms).toISOString()
  const purpose = 'warrant'
  await putInForce(service, 'warrants', [
    { plate: 'KXA7437', expires_at: at(-1), purpose },
    { plate: 'MNP4739', expires_at: at(3_600_000), purpose },
  ])
  // The read of the time before the entry's end too: what counts is when it would alert.
  const late = makeRead({ plate: 'KXA7437', time: at(-60_000), camera: 'pole-2' })
  await publish(service, late, 'pole-2')
  await publish(service, makeRead({ plate: 'KXA7437' }))
  await publish(service, makeRead({ plate: 'MNP4739' }))
  await settled(service)
  expect((await alertsOf(service)).map(({ entry }) => entry.plate)).toEqual(['MNP4739'])
})
