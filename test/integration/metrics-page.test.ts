import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, it, type TestContext } from 'vitest'
import { createHost } from '../../src/core/host.ts'
import { metricsEndpoint, performanceMiddleware, trackers } from '../../src/http/index.ts'
import { collect, createMetrics } from '../../src/metrics/index.ts'
import { manualClock } from '../../src/testing/index.ts'
import { startChromium } from '../servers/chromium.ts'
import { measuredService } from '../support/measured-service.ts'
import { contrasts, openMetricsPage } from '../support/metrics-page.ts'
import { serve, type StoppableServer } from '../support/stoppable-server.ts'

let browser: Browser
beforeAll(async () => {
  browser = await startChromium()
})
afterAll(() => browser.close())

/** The longest that a next answer takes, with time to spare for a machine under load. */
const SOON = { timeout: 25_000 }

async function service({ onTestFinished }: TestContext, handler = measuredService('public')): Promise<StoppableServer> {
  const server = await serve(handler)
  onTestFinished(() => server.stop())
  return server
}

async function send(url: string, ...paths: readonly string[]): Promise<void> {
  for (const path of paths) await (await fetch(url + path)).arrayBuffer()
}

/** 6 deliveries of 4 updates, 3 orders, 2 failures, 1 request for nothing: 12 requests. */
const TRAFFIC = [
  ...['a', 'b', 'a', 'c', 'd', 'd'].map((id) => `/webhook?id=${id}&from=${id < 'c' ? 1 : 2}`),
  ...['/orders/1?ms=2', '/orders/2?ms=2', '/orders/3?ms=2', '/broken', '/broken', '/nothing'],
]

describe.concurrent('the metrics page in Chromium', { timeout: 120_000 }, () => {
  it('shows the numbers that were sent, and goes on by itself, without a problem or a stranger', async (context) => {
    const { expect } = context
    const { url } = await service(context)
    await send(url, ...TRAFFIC)
    const { page, problems, asked, text, rows } = await openMetricsPage(browser, url)
    await expect.poll(() => text('#requests p'), SOON).toBe('12 since start')
    expect(await text('#errors dd')).toBe('18.2%')
    expect(await text('#errors p')).toBe('above 5 % · 2 of 11 since start')
    expect(await text('#cache dd')).toBe('50%')
    expect(await text('#cache p')).toBe('2 of 4 since start')
    expect([await text('#duplicates dd'), await text('#duplicates p')]).toEqual(['2', '33.3 % of 6 updates'])
    expect(await text('#p99 p')).toMatch(/^12 in [\d.]+ (ms|s) · [\d.]+ ms since start$/)
    expect((await rows('routes')).map(([route, count, , errors]) => [route, count, errors])).toEqual([
      ['/webhook', '6', '0 (0 %)'],
      ['/orders/:id', '3', '0 (0 %)'],
      ['/broken', '2', '2 (100 %)'],
      ['/nothing', '1', '0 (0 %)'],
    ])
    expect(await rows('caches')).toEqual([
      ['profile', '50 %', '2', '2', '2'],
      ['price', '–', '0', '0', '0'],
    ])
    expect((await rows('handlers')).map(([name, state]) => [name, state])).toEqual([
      ['core:message', 'loaded'],
      ['core:status', 'not loaded'],
      ['core:flow', 'not loaded'],
    ])
    expect((await rows('pool'))[0]?.slice(0, 6)).toEqual(['all together', '1', '1', '0', '0', '3'])

    await send(url, ...TRAFFIC.slice(6))
    await expect.poll(() => text('#requests p'), SOON).toBe('18 since start')
    await expect.poll(() => page.locator('.plot').first().locator('path.line').count(), SOON).toBe(1)
    expect(Number.parseFloat(await text('#requests dd'))).toBeGreaterThan(0)
    expect(problems).toEqual([])
    expect(new Set(asked)).toEqual(new Set([`${url}/metrics?format=html`, `${url}/metrics?format=json`]))
  })

  it('is as wide as a phone, and legible in light and dark', async (context) => {
    const { expect } = context
    const { url } = await service(context)
    await send(url, ...TRAFFIC)
    const { page, problems, text } = await openMetricsPage(browser, url, { viewport: { width: 360, height: 740 } })
    await expect.poll(() => text('#requests p'), SOON).toBe('12 since start')
    const grounds = []
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      const { text: words, drawn } = await contrasts(page)
      expect(words).toBeGreaterThanOrEqual(4.5)
      expect(drawn).toBeGreaterThanOrEqual(3)
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
      expect(await page.evaluate(() => document.getAnimations().length)).toBe(0)
      grounds.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor))
    }
    expect(new Set(grounds).size).toBe(2)
    expect(problems).toEqual([])
  })

  it('takes whatever a label says for text', async (context) => {
    const { expect } = context
    const hostile = '<img src=x onerror="window.broken=1"></script><script>window.broken=2</script>\\"},'
    const metrics = createMetrics()
    let hits = 0
    collect(metrics, 'cache', hostile, () => ({ hits: (hits += 1), misses: 1, hitRate: 0.5, size: 1 }))
    for (const kind of ['pool', 'dedup'] as const) collect(metrics, kind, hostile, () => ({ size: 1, checked: 1 }))
    collect(metrics, 'lazy', 'all', () => ({ [hostile]: { loaded: true, loadTimeMs: 1 } }))
    const route = (): string => hostile
    const measured = performanceMiddleware({ service: 'hostile', metrics, route })(() => new Response('ok'))
    await measured(new Request('http://localhost/'))
    const { url } = await service(context, metricsEndpoint({ metrics, access: 'public' }))
    const { page, problems, rows } = await openMetricsPage(browser, url)
    for (const table of ['routes', 'caches', 'handlers'])
      await expect.poll(async () => (await rows(table))[0]?.[0], SOON).toBe(hostile)
    expect(await page.locator('select option').allTextContents()).toEqual(['All routes', hostile])
    await page.locator('select').selectOption(hostile)
    await expect.poll(() => page.locator('.legend bdi').allTextContents(), SOON).toContain(hostile)
    expect(await page.evaluate(() => 'broken' in window)).toBe(false)
    expect(await page.locator('img, main script').count()).toBe(0)
    expect(problems).toEqual([])
  })

  it('asks for the token, keeps it in the tab alone, and forgets it', async (context) => {
    const { expect } = context
    const { url } = await service(context, measuredService({ tokens: ['right-token'] }))
    await send(url, ...TRAFFIC)
    const { page, asked, text } = await openMetricsPage(browser, url)
    const field = page.getByLabel('Token of the metrics endpoint')
    await field.waitFor()
    expect(await field.getAttribute('type')).toBe('password')
    expect([await text('#state'), await page.locator('#tiles').isVisible()]).toEqual(['Locked', false])
    const before = asked.length
    await field.fill('wrong')
    await page.keyboard.press('Enter')
    await expect.poll(() => text('#refused'), SOON).toBe('This token was refused.')
    // One refusal for one attempt: nothing is asked again by itself.
    await sleep(2_500)
    expect(asked.length).toBe(before + 1)
    await field.fill('right-token')
    await page.keyboard.press('Enter')
    await expect.poll(() => text('#requests p'), SOON).toBe('12 since start')
    expect(await page.evaluate(() => Object.values(sessionStorage))).toEqual(['right-token'])
    expect(await page.evaluate(() => [localStorage.length, document.cookie])).toEqual([0, ''])
    await page.reload()
    await expect.poll(() => text('#requests p'), SOON).toBe('12 since start')
    await page.getByRole('button', { name: 'Forget token' }).click()
    await field.waitFor()
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0)
    expect(asked.filter((address) => address.includes('token'))).toEqual([])
  })

  it('says how old the numbers are when the service is gone, and begins anew with the next one', async (context) => {
    const { expect } = context
    const first = await service(context)
    await send(first.url, ...TRAFFIC)
    const { page, text } = await openMetricsPage(browser, first.url)
    await expect.poll(() => text('#requests dd'), SOON).toMatch(/^\d/)
    await expect.poll(() => text('#state'), SOON).toBe('Live')
    await first.stop()
    await expect.poll(() => text('#state'), SOON).toBe('No answer')
    // While it asks again, it does not say when it will.
    await expect.poll(() => text('#age'), SOON).toMatch(/^the service cannot be reached · last answer (now|\d+ s ago) · asking again in \d+ s$/) // prettier-ignore
    expect(await text('#requests p')).toBe('12 since start')

    const second = await serve(measuredService('public'), first.port)
    context.onTestFinished(() => second.stop())
    await send(second.url, '/broken')
    await expect.poll(() => text('#requests p'), SOON).toBe('1 since start')
    expect(await text('#state')).toBe('Live')
    expect(await text('#restarted')).toMatch(/^The process has restarted/)
    expect(await page.locator('line.restart').count()).toBeGreaterThan(0)
    await expect.poll(() => page.locator('.legend b').first().innerText(), SOON).toMatch(/^[\d.]+\/s$/)
    expect(Number.parseFloat(await text('#requests dd'))).toBeGreaterThanOrEqual(0)
  })

  it('asks nothing while the tab is hidden or the reader has paused it', async (context) => {
    const { expect } = context
    const { url } = await service(context)
    const { page, asked, text } = await openMetricsPage(browser, url)
    await expect.poll(() => text('#state'), SOON).toBe('Live')
    const hide = (hidden: boolean): Promise<void> =>
      page.evaluate((value) => {
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => value })
        document.dispatchEvent(new Event('visibilitychange'))
      }, hidden)
    const quiet = async (): Promise<number> => {
      const before = asked.length
      await sleep(3_000)
      return asked.length - before
    }
    await hide(true)
    expect(await quiet()).toBe(0)
    const before = asked.length
    await hide(false)
    await expect.poll(() => asked.length, SOON).toBeGreaterThan(before)
    await page.locator('#pause').focus()
    await page.keyboard.press('Space')
    expect(await text('#state')).toBe('Paused')
    await page.waitForLoadState('networkidle')
    expect(await quiet()).toBe(0)
    await page.keyboard.press('Space')
    await expect.poll(() => text('#state'), SOON).toBe('Live')
  })

  it('shows a pool without clients, a dedup without updates and a service without requests: 0 is not nothing', async (context) => {
    const { expect } = context
    const metrics = createMetrics()
    collect(metrics, 'pool', 'database', () => ({ size: 0, healthy: 0, borrowed: 0, waiting: 7, totalUses: 0, oldestClientAgeMs: 0 })) // prettier-ignore
    collect(metrics, 'dedup', 'inbox', () => ({ checked: 0, duplicates: 0 }))
    collect(metrics, 'cache', 'profile', () => ({ hits: 0, misses: 0, hitRate: 0, size: 0 }))
    performanceMiddleware({ service: 'idle', metrics, routes: ['/webhook'] })
    const { url } = await service(context, metricsEndpoint({ metrics, access: 'public' }))
    const { page, problems, text, rows } = await openMetricsPage(browser, url)
    await expect.poll(() => rows('pool'), SOON).toEqual([['all together', '0', '0', '0', '7', '0', '–']])
    expect([await text('#duplicates dd'), await text('#duplicates p')]).toEqual(['0', 'no updates yet'])
    expect([await text('#requests p'), await text('#errors p')]).toEqual(['0 since start', '0 of 0 since start'])
    expect([await text('#cache p'), await text('#p99 p')]).toEqual(['0 of 0 since start', expect.stringMatching(/^0 in /)]) // prettier-ignore
    expect((await rows('routes'))[0]?.slice(0, 2)).toEqual(['/webhook', '0'])
    expect(await page.locator('main').innerText()).not.toContain('performanceMiddleware')
    // Requests and updates are lines at 0; errors, times and hits are shares of nothing, and say so.
    const nothing = 'Nothing has happened since this page was opened'
    await expect.poll(() => page.locator('.plot .empty').allInnerTexts(), SOON).toEqual([nothing, nothing, nothing])
    expect(problems).toEqual([])
  })

  it('shows the times of the last minutes, of all requests together, beside those since the start', async (context) => {
    const { expect } = context
    const clock = manualClock()
    const host = createHost({ clock })
    const metrics = createMetrics({ host })
    const { recordRequestMetrics } = trackers(metrics)
    const answer = (count: number, durationMs: number, route: string): void => {
      for (let n = 0; n < count; n += 1) recordRequestMetrics({ method: 'POST', status: 200, route, durationMs })
    }
    // The page asks the real clock; the service's own is moved by hand, and ten minutes have passed since a bad start.
    answer(1_000, 8_000, '/webhook')
    await clock.tick(600_000)
    answer(20_000, 10, '/webhook')
    answer(1, 8_000, '/side')
    const { url } = await service(context, metricsEndpoint({ metrics, access: 'public', host }))
    const { page, text, rows } = await openMetricsPage(browser, url)
    await expect.poll(() => text('#p99 dd'), SOON).toMatch(/^(9\.9|10)\d?ms$/)
    expect(await text('#p99 p')).toMatch(/^20,001 in .+ · [78][\d.]+ s since start$/)
    expect(await page.locator('#p99').getAttribute('class')).not.toBe('warn')
    const times = (await rows('routes')).map(([route = '', ...cells]) => [route, ...cells.slice(-2)])
    expect(times).toEqual([
      ['/webhook', expect.stringMatching(/^(9\.\d+|10(\.\d)?) ms$/), expect.stringMatching(/^[78](\.\d+)? s$/)],
      ['/side', '8 s', '8 s'],
    ])
    await clock.tick(30_000)
    answer(400, 8_000, '/webhook')
    await expect.poll(() => text('#p99 dd'), SOON).toMatch(/^(7\.9\d*|8\.0?\d*|8)\d*(,\d+)?ms$|^[78],\d+ms$/)
    expect(await text('#p99 p')).toMatch(/^above 1 s · 20,401 in /)
  })

  it('says that nothing was collected, and how to change that', async (context) => {
    const { expect } = context
    const { url } = await service(context, metricsEndpoint({ metrics: createMetrics(), access: 'public' }))
    const { page, problems, text } = await openMetricsPage(browser, url)
    await expect.poll(() => text('#caches'), SOON).toContain('Nothing collected yet')
    expect(await text('#routes')).toContain('performanceMiddleware')
    expect(await page.locator('.plot .empty').allInnerTexts()).toEqual(
      Array(5).fill(expect.stringContaining('Nothing collected yet')),
    )
    expect([await text('#errors dd'), await text('#cache dd'), await text('#duplicates dd')]).toEqual(['–', '–', '–'])
    expect(problems).toEqual([])
  })

  it('is read with the keyboard: the value text of a chart is what stands at its cursor', async (context) => {
    const { expect } = context
    const { url } = await service(context)
    await send(url, ...TRAFFIC)
    const { page, text } = await openMetricsPage(browser, url)
    const chart = page.getByRole('slider', { name: 'Requests over time' })
    await chart.focus(SOON)
    const said = (): Promise<string | null> => chart.getAttribute('aria-valuetext')
    expect(await said()).toMatch(/^now: requests [\d.]+\/s$/)
    await page.keyboard.press('Home')
    expect(await said()).toMatch(/^\d+ s ago: requests (–|[\d.]+\/s)$/)
    expect(await text('.when')).toMatch(/^\d+ s ago$/)
    expect(await page.locator('line.cursor').count()).toBeGreaterThan(1)
    await page.keyboard.press('Escape')
    expect(await page.locator('line.cursor').count()).toBe(0)
    await page.getByRole('slider', { name: 'Memory over time' }).hover()
    await expect.poll(() => page.locator('line.cursor').count(), SOON).toBeGreaterThan(0)
  })
})
