// A list that comes over HTTPS into a real service, and the commands about it. Were `fetch` only to
// look as if it asked, whoever has mended a feed would wait for a list that is not on its way.
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createAudit } from '../../src/access/audit.ts'
import { historyOf } from '../../src/hotlists/events.ts'
import { openManifests } from '../../src/hotlists/manifest.ts'
import { openSettings } from '../../src/hotlists/settings.ts'
import { createList } from '../../src/hotlists/settings-changes.ts'
import { openFeedStates } from '../../src/hotlists/sources/feed-state.ts'
import { createAuthority } from '../helpers/certificates.ts'
import { runCli } from '../helpers/cli.ts'
import { caller } from '../helpers/custom.ts'
import { temporaryFolder } from '../helpers/folder.ts'
import { startService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const ADA = caller('ada', 'administrator')
const TOKEN = 'a-secret-of-the-test'

test('401.4f a registered source is fetched into force, and asked again on command', async () => {
  using folder = temporaryFolder()
  const [ca_file, token_file] = [join(folder.path, 'ca.pem'), join(folder.path, 'token')]
  const authority = createAuthority('the authority of a test')
  await writeFile(ca_file, authority.ca)
  await writeFile(token_file, `${TOKEN}\n`)
  let plates = ['ABC1234']
  let down = false
  const asked: (string | undefined)[] = []
  await using server = createServer(
    authority.issue({ dns: ['localhost'] }),
    (request, response) => {
      asked.push(request.headers.authorization)
      if (down) response.writeHead(404).end()
      else response.end(`plate,reason\n${plates.map((plate) => `${plate},Stolen\n`).join('')}`)
    },
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `localhost:${(server.address() as AddressInfo).port}`
  let log = ''
  await using service = await startService({
    roles: 'keeper',
    settings: feedSettings(host, ca_file, token_file),
    onLog: (text) => {
      log += text
    },
  })
  const bus = await service.bus()
  const manifests = await openManifests(bus)
  const o = { manifests, settings: await openSettings(bus), audit: createAudit(bus) }
  const url = `https://${host}/stolen.csv`
  const feed = { kind: 'https' as const, url, every_minutes: 60, account: 'state' }
  const made = { name: 'state', category: 'stolen_vehicle' as const, agency: 'The state' }
  await createList(o, { ...made, patch: { feed } }, ADA)
  const entriesInForce = (entries: number) =>
    until(async () => (await manifests.get('state'))?.value.entries === entries, {
      ms: 30_000,
      what: `${entries} entries in force`,
    })
  await entriesInForce(1)
  expect(asked).toEqual([`Bearer ${TOKEN}`])

  const run = (...args: string[]) =>
    runCli(['hotlist', ...args, '--data', service.data_dir], service.settings)
  const shown = await run('feeds')
  expect(shown).toMatchObject({ code: 0, stderr: '' })
  expect(shown.stdout).toMatch(new RegExp(`\nstate +${url} +\\S+Z +1 +\\S+Z +0\n`))

  plates = ['ABC1234', 'ABC1235']
  const lent = await run('fetch', '--list', 'state')
  expect(lent).toMatchObject({ code: 0, stdout: expect.stringContaining("keeper's next turn") })
  await entriesInForce(2)
  const events = await historyOf(bus, 'state')
  expect(events.map(({ what }) => what)).toContain('list_fetch')

  down = true
  await run('fetch', '--list', 'state')
  const states = await openFeedStates(bus)
  await until(async () => (await states.get('state'))?.value.failures === 1, {
    ms: 30_000,
    what: 'the refusal',
  })
  expect((await run('feeds')).stdout).toContain('FEED_REFUSED')
  expect(await service.metrics()).toContain('hotplate_hotlist_feed_failures{list="state"} 1')
  expect((await manifests.get('state'))?.value.entries).toBe(2)
  expect(log).toContain('A list could not be fetched.')
  expect(log).not.toContain(TOKEN)
}, 120_000)

function feedSettings(host: string, ca_file: string, token_file: string): Record<string, string> {
  return {
    HOTLISTS__CHECK_EVERY_S: '1',
    HOTLISTS__FEEDS__HOSTS_ALLOWED: `["${host}"]`,
    HOTLISTS__FEEDS__PRIVATE_HOSTS_ALLOWED: `["${host}"]`,
    HOTLISTS__FEEDS__CA_FILE: ca_file,
    HOTLISTS__FEEDS__ACCOUNTS__STATE__TOKEN_FILE: token_file,
  }
}

test('the layouts of files are told by their names', async () => {
  const { code, stdout } = await runCli(['hotlist', 'formats'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^ncic +Federal extract/m)
})
