// Hot lists in the console, on the whole service: what people do there, and what it does to alerts.
// A bug here shows as a supervisor who decides without seeing what on, as an author who approves
// what they have written themselves, or as an approved entry that nobody is told of.
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addUser, openUsers } from '../../src/access/users.ts'
import type { Role } from '../../src/domain/roles.ts'
import { openManifests } from '../../src/hotlists/manifest.ts'
import { findChromium } from '../helpers/chromium.ts'
import { manifestOf } from '../helpers/entry-rows.ts'
import { PASSWORD } from '../helpers/gateway.ts'
import { metricOf, type RunningService, startService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const PEOPLE: Record<string, Role[]> = {
  ann: ['dispatcher'],
  sue: ['supervisor'],
  sam: ['supervisor'],
  ada: ['administrator'],
  otto: [],
}
const FLAGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking']

let service: RunningService
let browser: Browser

beforeAll(async () => {
  const { build } = await import('vite')
  await build({
    configFile: fileURLToPath(new URL('../../vite.config.ts', import.meta.url)),
    logLevel: 'silent',
    // Others may be reading it.
    build: { emptyOutDir: false },
  })
  service = await startService()
  const bus = await service.bus()
  const users = await openUsers(bus)
  for (const [name, roles] of Object.entries(PEOPLE)) {
    await addUser(users, { name, demo: false, password: PASSWORD, roles })
  }
  await (await openManifests(bus)).create('bolo', manifestOf(0, { name: 'bolo' }))
  browser = await chromium.launch({ executablePath: findChromium(), args: FLAGS })
})
afterAll(async () => {
  await browser?.close()
  await service?.[Symbol.asyncDispose]()
})

/** Somebody's own browser, at a page; whatever their pages threw fails the test. */
async function as(user: string, hash: string, work: (page: Page) => Promise<void>) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  const page = await context.newPage()
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(error.message))
  try {
    await page.goto(`http://127.0.0.1:${service.gateway_port}/${hash}`)
    await page.fill('input[name=user]', user)
    await page.fill('input[name=password]', PASSWORD)
    await page.click('button[type=submit]')
    await page.locator('.connection.live').waitFor()
    await work(page)
    expect(faults).toEqual([])
  } finally {
    await context.close()
  }
}

/** Resolves once the read is stored, and thus matched. */
async function publishRead(plate: string): Promise<void> {
  const bus = await service.bus()
  const read = {
    id: `read-${plate}-${Date.now()}`,
    time: new Date().toISOString(),
    camera: 'pole-1',
    plate,
    region: 'US-ID',
    confidence: 0.97,
  }
  const before = metricOf(await service.metrics(), 'hotplate_reads_stored_total')
  await bus.js.publish('reads.v1.pole-1', JSON.stringify(read))
  const stored = async () => metricOf(await service.metrics(), 'hotplate_reads_stored_total')
  await until(async () => (await stored()) > before, { what: 'the read to be stored' })
}

/** Drafts an entry by the form and submits it. */
async function submit(page: Page, plate: string, more: Record<string, string> = {}) {
  await page.getByRole('link', { name: 'New entry' }).click()
  const filled = { plate, region: 'US-ID', reason: 'Armed robbery', ...more }
  for (const [name, value] of Object.entries(filled)) await page.fill(`[name=${name}]`, value)
  await page.locator('[name=purpose]').selectOption('suspect_interdiction')
  await page.getByRole('button', { name: 'Submit for approval' }).click()
  await page.locator('.decision .state.submitted').waitFor()
}

test('401.4f one drafts, another approves after a look, and only then it alerts', async () => {
  await as('ann', '#/lists/bolo/entries', async (page) => {
    await submit(page, 'tuv 3947', { instructions: 'Do not stop', cautions: 'armed' })
    expect(await page.locator('.plate-text').textContent()).toBe('TUV3947')
    expect(await page.getByRole('button', { name: 'Approve' }).count()).toBe(0)
    await publishRead('TUV3947')
    await as('sue', '#/inbox', async (inbox) => {
      await inbox.getByRole('button', { name: /TUV3947/ }).click()
      const matter = inbox.locator('.decision')
      await matter.waitFor()
      expect(await matter.locator('.careful').textContent()).toBe('armedDo not stop')
      const found = matter.locator('.backtest .found')
      await found.waitFor()
      expect(await found.textContent()).toBe('1 alert from 1 read of 1 plate, at 1 camera')
      await matter.getByRole('button', { name: 'Approve' }).click()
      await inbox.getByText('Nothing waits for a decision.').waitFor()
    })
    await page.getByRole('link', { name: 'Alerts' }).click()
    await page.getByRole('heading', { name: 'No potential matches yet' }).waitFor()
    await publishRead('TUV3947')
    await page.locator('[data-alert]').waitFor()
    expect(await page.locator('[data-alert]').count()).toBe(1)
    expect(await page.locator('.plate.entry .char').allTextContents()).toEqual([...'TUV3947'])
  })
})

test('401.4f whoever has written it is told that another has to decide', async () => {
  await as('sue', '#/lists/bolo/entries', async (page) => {
    await submit(page, 'KXB4410')
    await page.locator('.barred').waitFor()
    expect(await page.getByRole('button', { name: 'Approve' }).count()).toBe(0)
    await page.getByRole('link', { name: 'Inbox' }).click()
    await page.getByRole('button', { name: /KXB4410/ }).click()
    await page.locator('.barred').waitFor()
    expect(await page.getByRole('button', { name: 'Approve' }).count()).toBe(0)
  })
  await as('sam', '#/inbox', async (page) => {
    await page.getByRole('button', { name: /KXB4410/ }).click()
    await page.getByRole('button', { name: 'Return' }).click()
    expect(await page.locator('.steps .problem').textContent()).toContain('say why')
    await page.locator('.steps textarea').fill('No case number')
    await page.getByRole('button', { name: 'Return' }).click()
    await page.getByText('Nothing waits for a decision.').waitFor()
  })
  await as('sue', '#/lists/bolo/entries', async (page) => {
    await page.getByRole('link', { name: 'KXB4410' }).click()
    await page.getByText('No case number').waitFor()
    await page.locator('.state.returned').waitFor()
    await page.getByRole('link', { name: 'Change' }).click()
    await page.fill('[name=case]', 'TF-2026-1182')
    await page.getByRole('button', { name: 'Submit for approval' }).click()
    await page.locator('.decision .state.submitted').waitFor()
    expect(await page.locator('.sheet').textContent()).toContain('CaseTF-2026-1182')
    await page.getByRole('button', { name: 'Withdraw' }).click()
    await page.locator('.decision .state.draft').waitFor()
  })
})

test('401.4f an urgent one alerts at once, and a second supervisor ends it', async () => {
  await as('sue', '#/lists/bolo/entries', async (page) => {
    await submit(page, '2TA8823')
    await page.locator('.steps textarea').fill('Child missing since 14:10')
    await page.getByRole('button', { name: 'Activate at once, urgent' }).click()
    await page.locator('.state.urgent').waitFor()
    await publishRead('2TA8823')
    await page.locator('.pages .badge').waitFor()
    await page.getByRole('link', { name: /Alerts/ }).click()
    await page.getByText('2TA8823').first().waitFor({ state: 'attached' })
  })
  await as('sam', '#/inbox', async (page) => {
    await page.getByRole('button', { name: /Urgent.*2TA8823/ }).click()
    await page.locator('.steps textarea').fill('Found')
    await page.getByRole('button', { name: 'End it' }).click()
    await page.getByText('Nothing waits for a decision.').waitFor()
    await page.getByRole('link', { name: 'Hot lists' }).click()
    await page.getByRole('link', { name: 'bolo' }).click()
    await page.getByRole('link', { name: 'History' }).click()
    const first = page.locator('.events > li').first()
    expect(await first.textContent()).toMatch(/sam entry refuse 2TA8823/)
  })
})

test('401.9b whoever has no role sees no page of hot lists, whatever the address', async () => {
  await as('otto', '#/lists/bolo/entries', async (page) => {
    await page.getByRole('heading', { name: 'Alerts' }).waitFor({ state: 'attached' })
    expect(await page.locator('.pages').count()).toBe(0)
    expect(await page.locator('.page').count()).toBe(0)
  })
})

/** Sends a file in, and waits for its version to be staged. */
async function sendIn(page: Page, list: string, lines: readonly string[], format = 'csv') {
  await page.goto(`http://127.0.0.1:${service.gateway_port}/#/lists/${list}/versions`)
  await page.getByText('Import a file').click()
  await page.setInputFiles('[name=file]', {
    name: `list.${format}`,
    mimeType: 'text/plain',
    buffer: Buffer.from(lines.join('\n')),
  })
  await page.locator('[name=format]').selectOption(format)
  await page.getByRole('button', { name: 'Send' }).click()
  await page.locator('.decision .state:not(.importing)').waitFor()
}

const csvOf = (...plates: string[]) => ['plate,reason', ...plates.map((p) => `${p},Stolen`)]

test('401.4f a file sent in waits for another person, who sees what it changes', async () => {
  await as('ann', '#/lists', async (page) => {
    await sendIn(page, 'bolo', csvOf('4AB1001', '4AB1002', 'NOT A PLATE!!'))
    await page.locator('.state.held').waitFor()
    expect(await page.locator('.careful').textContent()).toContain('1 of 3 lines')
    expect(await page.getByRole('table').textContent()).toContain('4plate')
    expect(await page.getByRole('button', { name: 'Approve' }).count()).toBe(0)
    await as('sue', '#/inbox', async (inbox) => {
      await inbox.getByRole('button', { name: /Import.*Held/ }).click()
      await inbox.locator('.differing li.added').first().waitFor()
      expect(await inbox.locator('.differing li').allTextContents()).toEqual([
        'Added 4AB1001  Stolen',
        'Added 4AB1002  Stolen',
      ])
      await inbox.getByRole('button', { name: 'Approve' }).click()
      await inbox.getByText('Nothing waits for a decision.').waitFor()
    })
    await page.reload()
    await page.locator('.decision .state.active').waitFor()
    await sendIn(page, 'bolo', csvOf('4AB1001', '4AB1002', '4AB1003'))
    const later = page.url()
    await as('sue', new URL(later).hash, async (supervisor) => {
      await supervisor.getByRole('button', { name: 'Approve' }).click()
      await supervisor.locator('.decision .state.active').waitFor()
      await supervisor.getByRole('link', { name: 'bolo' }).click()
      await supervisor.locator('tr', { hasText: 'Superseded' }).getByRole('link').click()
      await supervisor.getByRole('button', { name: 'Roll back' }).click()
      await supervisor.getByRole('button', { name: 'Roll back' }).click()
      await supervisor.locator('.decision .state.active').waitFor()
      expect(supervisor.url()).not.toBe(later)
      await supervisor.getByRole('link', { name: 'bolo' }).click()
      expect(await supervisor.locator('.rows-of tbody tr').first().textContent()).toContain(
        'In forceback to version',
      )
    })
  })
})

test('401.4f a new list and a wider one each wait for another person', async () => {
  await as('ann', '#/new-list', async (page) => {
    await page.fill('[name=name]', 'school-zone')
    await page.fill('[name=title]', 'School zone')
    await page.getByRole('button', { name: 'Submit for approval' }).click()
    await page.locator('[data-proposal=school-zone] .state.submitted').waitFor()
    expect(await page.getByRole('button', { name: 'Approve' }).count()).toBe(0)
  })
  await as('sue', '#/inbox', async (page) => {
    await page.getByRole('button', { name: /School zone/ }).click()
    await page.getByRole('button', { name: 'Approve' }).click()
    await page.getByText('Nothing waits for a decision.').waitFor()
    await page.getByRole('link', { name: 'Hot lists' }).click()
    const row = page.locator('tr', { hasText: 'School zone' })
    await row.locator('.state.active').waitFor()
  })
  await as('ann', '#/lists/school-zone/settings', async (page) => {
    await page.getByText('Propose a change').click()
    await page.locator('[name=profile]').selectOption('fold+1')
    await page.getByRole('button', { name: 'Propose' }).click()
    const proposal = page.locator('[data-proposal=school-zone]')
    await proposal.locator('.state.submitted').waitFor()
    expect(await proposal.locator('tbody tr').allTextContents()).toEqual([
      'Matchinglook-alikeslook-alikes and one misread character',
    ])
  })
})

test('401.4f an innocent look-alike is cleared by another person than who asks', async () => {
  await as('ann', '#/lists/bolo/cleared', async (page) => {
    const entries = `http://127.0.0.1:${service.gateway_port}/v1/hotlists/bolo/entries?state=active`
    const { entries: active } = (await (await page.request.get(entries)).json()) as {
      entries: { entry: { id: string; plate: string } }[]
    }
    const { id, plate } = (active[0] as (typeof active)[number]).entry
    await page.getByText('Clear a vehicle').first().click()
    const filled = { plate: 'TUV3847', entry_id: id, reason: 'Delivery van, owner known' }
    for (const [name, value] of Object.entries(filled)) await page.fill(`[name=${name}]`, value)
    await page.getByRole('button', { name: 'Submit for approval' }).click()
    await page.locator('[data-clearance] .state.submitted').waitFor()
    expect(await page.getByRole('button', { name: 'Approve' }).count()).toBe(0)
    await as('sue', '#/inbox', async (inbox) => {
      await inbox.getByRole('button', { name: /Cleared vehicle/ }).click()
      expect(await inbox.locator('[data-clearance] .sheet').textContent()).toContain(plate)
      await inbox.getByRole('button', { name: 'Approve' }).click()
      await inbox.locator('[data-clearance]').waitFor({ state: 'detached' })
    })
    await page.reload()
    await page.locator('[data-clearance] .state.active').waitFor()
  })
})

test('an entry without a state is shown as a conflict', async () => {
  await as('sue', '#/conflicts', async (page) => {
    await page.locator('select').selectOption('no_state')
    await page.getByRole('row', { name: /4AB1001/ }).waitFor()
  })
})

test('401.1 a code that fits no purpose is inactive until an administrator decides', async () => {
  await as('ada', '#/new-list', async (page) => {
    await page.fill('[name=name]', 'federal')
    await page.fill('[name=agency]', 'FBI')
    await page.locator('[name=visible_to]').selectOption('roles')
    await page.fill('[name=visible_names]', 'dispatcher, administrator')
    await page.getByRole('button', { name: 'Submit for approval' }).click()
    await page.locator('.list-facts .state.active').waitFor()
    const rest = 'ID042010020260105'
    const extract = [
      'VEHEXTRT',
      `V900000001${rest}4NC2001   ID2026PC2014F0RDF0C4DWHI`,
      `N900000002${rest}4NC2002   ID2026PC2014F0RDF0C4DWHI`,
    ]
    await sendIn(page, 'federal', extract, 'ncic')
    await page.locator('.decision .state.active').waitFor()
    expect(await page.locator('.codes li').textContent()).toContain('N: 1 entry')
    await page.getByLabel('Purpose of file code N').selectOption('warrant')
    await page.getByRole('button', { name: 'Decide' }).click()
    await page.locator('.codes [role=status]').waitFor()
    await page.getByRole('link', { name: 'federal' }).click()
    await page.getByRole('row', { name: /Version 2.*In force/ }).waitFor()
  })
  await as('sue', '#/lists/federal/entries', async (page) => {
    // She keeps lists, and knows of it; its entries are not for her.
    await page.getByText('No such list').waitFor()
  })
})

test('a plate that was recovered is silenced at once', async () => {
  await as('ann', '#/lists/bolo/versions', async (page) => {
    await page.getByText('Silence a plate').first().click()
    await page.fill('[name=plate]', '4ab-1001')
    await page.fill('[name=note]', 'Recovered in Jerome')
    await page.getByRole('button', { name: 'Silence it' }).click()
    await page.getByText('4AB1001 is silent on this list.').waitFor()
    await page.getByRole('link', { name: 'History' }).click()
    const first = page.locator('.events > li').first()
    expect(await first.textContent()).toMatch(/ann .*4AB1001/)
  })
})
