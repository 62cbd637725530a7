// The console in a real Chromium, on a real gateway and a real nats-server. A bug here shows as a
// dispatcher who sees an alert without what is needed to judge it, twice, or not at all.
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Alert } from '../../src/domain/alert.ts'
import { makeAlert, publishAlert } from '../helpers/alert.ts'
import { findChromium } from '../helpers/chromium.ts'
import { temporaryFolder } from '../helpers/folder.ts'
import { PASSWORD, startTestGateway, type TestGateway, USER } from '../helpers/gateway.ts'
import { startNats, type TestNats } from '../helpers/nats.ts'
import { until } from '../helpers/until.ts'

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const built = temporaryFolder()

let nats: TestNats
let browser: Browser
let gateway: TestGateway

beforeAll(async () => {
  const { build } = await import('vite')
  await build({
    configFile: fileURLToPath(new URL('../../vite.config.ts', import.meta.url)),
    logLevel: 'silent',
    build: { outDir: built.path, emptyOutDir: true },
  })
  nats = await startNats()
  gateway = await startTestGateway(nats.bus, { console_dir: built.path })
  browser = await chromium.launch({ executablePath: findChromium(), args: FLAGS })
})
afterAll(async () => {
  await browser?.close()
  await gateway?.stop()
  await nats?.[Symbol.asyncDispose]()
  built[Symbol.dispose]()
})

const card = (page: Page, alert: Alert) => page.locator(`[data-alert="${alert.id}"]`)

async function signIn(page: Page): Promise<void> {
  await page.goto(gateway.url)
  await page.fill('input[name=user]', USER)
  await page.fill('input[name=password]', PASSWORD)
  await page.click('button[type=submit]')
  await page.locator('.connection.live').waitFor()
}

/** A page in a context of its own, that fails the test by whatever its policy refused. */
async function withPage(work: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  const page = await context.newPage()
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) faults.push(message.text())
  })
  page.on('request', (request) => {
    if (new URL(request.url()).hostname !== '127.0.0.1') faults.push(request.url())
  })
  try {
    await work(page)
    expect(faults).toEqual([])
  } finally {
    await context.close()
  }
}

describe('the console', () => {
  it('401.9b shows nothing without sign-in, and says so for a wrong password', async () => {
    await withPage(async (page) => {
      await publishAlert(nats.bus, makeAlert())
      await page.goto(gateway.url)
      await page.locator('form').waitFor()
      expect(await page.locator('[data-alert]').count()).toBe(0)
      expect(await page.locator('.hint').textContent()).toContain('demo')
      await page.fill('input[name=user]', 'somebody')
      await page.fill('input[name=password]', 'wrong')
      await page.click('button[type=submit]')
      await until(async () => (await page.locator('.problem').textContent()) !== '')
      expect(await page.locator('.problem').textContent()).toBe('Wrong user or password.')
    })
  })

  it('401.2b shows a potential match with both plates, column by column', async () => {
    await withPage(async (page) => {
      await signIn(page)
      const alert = makeAlert()
      await publishAlert(nats.bus, alert)
      const shown = card(page, alert)
      await shown.waitFor()
      expect(await shown.locator('.verdict').textContent()).toMatch(
        /Potential match\s*Verify before acting\./,
      )
      const characters = (side: string) => shown.locator(`.plate.${side} .char`).allTextContents()
      expect(await characters('read')).toEqual([...'8ABCI23'])
      expect(await characters('entry')).toEqual([...'BABC123'])
      expect(await shown.locator('.plate.read .char:not(.same)').allTextContents()).toEqual([
        '8',
        'I',
      ])
      expect(await shown.locator('.marks').textContent()).toMatch(/≈\s*≈/)
      expect(await shown.locator('.differences').textContent()).toContain('8 for B: look-alike')
      expect(page.url()).toBe(`${gateway.url}/`)
      expect(await page.evaluate(() => localStorage.length + sessionStorage.length)).toBe(0)
    })
  })

  it('401.2b shows the vehicle trait by trait, and how likely the plate is', async () => {
    await withPage(async (page) => {
      await signIn(page)
      const alert = makeAlert(({ match }) => {
        match.posterior = 0.2
        match.vehicle.color = { verdict: 'agree', seen: 'white', listed: 'WHI' }
        match.vehicle.make = { verdict: 'differ', seen: 'ford', listed: 'T0YT' }
        match.vehicle.year = { verdict: 'unknown', seen: '2014', listed: '' }
      })
      await publishAlert(nats.bus, alert)
      const shown = card(page, alert)
      await shown.waitFor()
      expect(await shown.locator('.match').textContent()).toContain('more likely another plate')
      const vehicle = shown.locator('.facts > .wide')
      expect(await vehicle.locator('.agreement').first().textContent()).toContain('differs: make')
      expect(await vehicle.getByRole('row').allTextContents()).toEqual([
        'seenlisted',
        '✓ colouragreeswhiteWHI',
        '≠ makediffersfordT0YT',
        '? yearunknown2014–',
      ])
    })
  })

  it('401.2b shows what a listed pattern leaves open as open, not as a difference', async () => {
    await withPage(async (page) => {
      await signIn(page)
      const alert = makeAlert(({ read, entry, match }) => {
        ;[read.plate, entry.plate, match.class] = ['2TAB', '2TA*', 'wildcard']
        match.aligned = [
          ...['2', 'T', 'A'].map((c) => ({ read: c, entry: c, kind: 'same' as const, cost: 0 })),
          { read: 'B', entry: '*', kind: 'any', cost: 0 },
        ]
      })
      await publishAlert(nats.bus, alert)
      const shown = card(page, alert)
      await shown.waitFor()
      expect(await shown.locator('.match').textContent()).toBe(
        'fits the listed pattern, as other plates may',
      )
      expect(await shown.locator('.plate.entry .char.any').allTextContents()).toEqual(['*'])
      expect(await shown.locator('.differences').count()).toBe(0)
    })
  })

  it('401.2b tells no likelihood of a listed pattern that a look-alike fits', async () => {
    await withPage(async (page) => {
      await signIn(page)
      const alert = makeAlert(({ read, entry, match }) => {
        ;[read.plate, entry.plate, match.class] = ['ZTAB', '2TA*', 'wildcard']
        match.posterior = 1
        match.aligned = [
          { read: 'Z', entry: '2', kind: 'look_alike', cost: 0 },
          ...['T', 'A'].map((c) => ({ read: c, entry: c, kind: 'same' as const, cost: 0 })),
          { read: 'B', entry: '*', kind: 'any', cost: 0 },
        ]
      })
      await publishAlert(nats.bus, alert)
      const shown = card(page, alert)
      await shown.waitFor()
      expect(await shown.locator('.match').textContent()).toBe(
        'fits the listed pattern, as other plates may',
      )
      expect(await shown.locator('.differences').count()).toBe(1)
    })
  })

  it('shows what to do and to beware of above all else, of every list that is named', async () => {
    await withPage(async (page) => {
      await signIn(page)
      const alert = makeAlert((one) => {
        Object.assign(one.entry, {
          priority: 1,
          urgent: true,
          instructions: 'Do not stop, observe',
          cautions: ['armed'],
          contact: 'Sgt. Day, 555-0142',
          expires_at: '2026-11-27T23:00:00.000Z',
          ilets: true,
          list_stale_h: 31,
        })
        const also = { id: 'e-2', version: 3, priority: 2 as const }
        one.also = [
          { ...also, list: 'warrants', category: 'warrant', reason: 'Bench warrant' },
          {
            ...also,
            list: 'wanted',
            category: 'wanted_person',
            reason: 'Robbery',
            cautions: ['violent'],
          },
        ]
      })
      await publishAlert(nats.bus, alert)
      const shown = card(page, alert)
      await shown.waitFor()
      expect(await shown.getAttribute('aria-label')).toContain('Priority 1')
      expect(await shown.locator('.priority').textContent()).toBe('Priority 1')
      const warnings = shown.locator('.warnings')
      const above = await warnings.boundingBox()
      const plates = await shown.locator('.plates').boundingBox()
      expect((above?.y ?? 0) + (above?.height ?? 0)).toBeLessThanOrEqual(plates?.y as number)
      expect(await warnings.locator('.urgent').textContent()).toContain('Urgent')
      expect(await warnings.locator('.instructions').textContent()).toBe('Do not stop, observe')
      expect(await warnings.locator('.cautions li').allTextContents()).toEqual([
        '⚠ Caution: armed',
        '⚠ Caution: violent',
      ])
      expect(await warnings.locator('small').allTextContents()).toEqual(['by the list wanted'])
      expect(await shown.locator('.also li').allTextContents()).toEqual([
        'WarrantBench warrantwarrants, priority 2',
        'Wanted personRobberywanted, priority 2',
      ])
      const reason = await shown.locator('.reason').textContent()
      expect(reason).toMatch(/Call Sgt\. Day, 555-0142\.Looked for until .*State data/)
      expect(await shown.locator('.stale').textContent()).toBe('⚠ list is 31 h old')
      for (const width of [390, 1440]) {
        await page.setViewportSize({ width, height: 844 })
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
      }
    })
  })

  it('shows alerts from before lists had settings and vehicles were compared', async () => {
    await withPage(async (page) => {
      await signIn(page)
      const alert = makeAlert()
      const { vehicle: _, posterior: __, ...match } = alert.match
      await publishAlert(nats.bus, { ...alert, match: match as Alert['match'] })
      const shown = card(page, alert)
      await shown.waitFor()
      expect(await shown.locator('.match').textContent()).toBe('look-alike characters')
      expect(await shown.locator('.facts').textContent()).toContain('unknown')
      for (const part of ['.priority', '.warnings', '.also', '.stale']) {
        expect(await shown.locator(part).count()).toBe(0)
      }
    })
  })

  it('401.2b takes a verdict, shows who gave it, also on the other console', async () => {
    await withPage(async (page) => {
      await signIn(page)
      const [first, second] = [makeAlert(), makeAlert()]
      await publishAlert(nats.bus, first)
      await publishAlert(nats.bus, second)
      await card(page, first).waitFor()
      await card(page, second).waitFor()
      await card(page, first).getByRole('button', { name: 'Verified' }).click()
      await card(page, first).locator('.standing.verified').waitFor()
      expect(await card(page, first).locator('.standing').textContent()).toContain(`by ${USER}`)
      const reject = card(page, second).getByRole('button', { name: 'Reject' })
      expect(await reject.isDisabled()).toBe(true)
      await card(page, second).getByLabel('Why rejected').selectOption('misread')
      await reject.click()
      await card(page, second).locator('.standing.rejected').waitFor()
      expect(await card(page, second).locator('.standing').textContent()).toContain('misread')
      expect(await card(page, second).locator('.verdict').textContent()).toContain('Potential')

      // One that stands when the page comes, and one that is changed while it looks.
      await page.reload()
      await card(page, first).locator('.standing.verified').waitFor()
      const cookie = await gateway.signIn()
      const { verdict } = (await (
        await gateway.fetch(`/v1/alerts/${first.id}`, { headers: { cookie } })
      ).json()) as { verdict: { seq: number } }
      await gateway.fetch(`/v1/alerts/${first.id}/verdict`, {
        method: 'POST',
        headers: { cookie, 'content-type': 'application/json' },
        body: JSON.stringify({ verdict: 'rejected', reason: 'wrong_state', seq: verdict.seq }),
      })
      await card(page, first).locator('.standing.rejected').waitFor()
    })
  })

  it('puts new alerts on top without moving the one that is being read', async () => {
    await withPage(async (page) => {
      await signIn(page)
      const read = makeAlert()
      await publishAlert(nats.bus, read)
      await card(page, read).waitFor()
      await page.keyboard.press('j')
      const before = await card(page, read).boundingBox()
      const next = makeAlert()
      await publishAlert(nats.bus, next)
      await page.locator('.new-above').waitFor()
      expect((await card(page, read).boundingBox())?.y).toBeCloseTo(before?.y as number, 0)
      expect(await page.locator('[data-alert]').first().getAttribute('data-alert')).toBe(next.id)
      await page.keyboard.press('k')
      expect(await page.evaluate('document.activeElement.dataset.alert')).toBe(next.id)
    })
  })

  it('says when it is not live, and shows a missed alert once when it is again', async () => {
    await withPage(async (page) => {
      await signIn(page)
      const seen = makeAlert()
      await publishAlert(nats.bus, seen)
      await card(page, seen).waitFor()
      const { port } = gateway.gateway
      await gateway.stop()
      await page.locator('.banner').waitFor()
      expect(await page.locator('.banner').textContent()).toContain('Not live')
      const missed = makeAlert()
      await publishAlert(nats.bus, missed)
      gateway = await startTestGateway(nats.bus, {
        console_dir: built.path,
        gateway: { port },
      })
      await page.locator('.connection.live').waitFor()
      await card(page, missed).waitFor()
      expect(await page.locator('.banner').count()).toBe(0)
      expect(await card(page, missed).count()).toBe(1)
      expect(await card(page, seen).count()).toBe(1)
      expect(await page.locator('[data-alert]').first().getAttribute('data-alert')).toBe(missed.id)
    })
  })

  it('goes back to the sign-in when the session ends elsewhere', async () => {
    await withPage(async (page) => {
      await signIn(page)
      const [cookie] = await page.context().cookies()
      await gateway.fetch('/v1/session', {
        method: 'DELETE',
        headers: { cookie: `${cookie?.name}=${cookie?.value}` },
      })
      await page.locator('form').waitFor()
      expect(await page.locator('[data-alert]').count()).toBe(0)
    })
  })

  it('keeps the latest 500 and stays within 390 pixels', async () => {
    await withPage(async (page) => {
      for (let i = 0; i < 600; i += 1) await publishAlert(nats.bus, makeAlert())
      await signIn(page)
      await until(async () => (await page.locator('[data-alert]').count()) === 500)
      const newest = makeAlert()
      await publishAlert(nats.bus, newest)
      await card(page, newest).waitFor()
      expect(await page.locator('[data-alert]').count()).toBe(500)
      await page.setViewportSize({ width: 390, height: 844 })
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)
    })
  })
})
