/**
 * Makes the pictures of the metrics page for the docs, from a running service under traffic: `npx tsx
 * scripts/screenshot.ts [seconds of traffic]` writes `docs/images/metrics-page.png` and `-dark.png`.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startChromium } from '../test/servers/chromium.ts'
import { measuredService } from '../test/support/measured-service.ts'
import { sendTraffic } from '../test/support/measured-traffic.ts'
import { openMetricsPage } from '../test/support/metrics-page.ts'
import { serve } from '../test/support/stoppable-server.ts'
import { smallerPng } from './smaller-png.ts'

const folder = fileURLToPath(new URL('../docs/images', import.meta.url))
const seconds = Number(process.argv[2] ?? 125)

const traffic = new AbortController()
const server = await serve(measuredService('public'))
const browser = await startChromium()
try {
  void sendTraffic(server.url, traffic.signal)
  // Seen once the caches are warm, as a service is that runs for a while.
  await sleep(15_000)
  const { page } = await openMetricsPage(browser, server.url, { viewport: { width: 1160, height: 900 } })
  await sleep(seconds * 1_000)
  await mkdir(folder, { recursive: true })
  // Down to the first table: the others look like it, and pictures in a repository are small.
  const routes = await page.locator('#routes').boundingBox()
  const height = (routes?.y ?? 0) + (routes?.height ?? 900) + 24
  const clip = { x: 0, y: 0, width: 1160, height }
  const shoot = async (name: string): Promise<void> =>
    writeFile(`${folder}/${name}.png`, smallerPng(await page.screenshot({ fullPage: true, clip })))
  await shoot('metrics-page')
  await page.emulateMedia({ colorScheme: 'dark' })
  const chart = page.locator('.plot').first()
  await chart.hover({ position: { x: 380, y: 60 } })
  await shoot('metrics-page-dark')
} finally {
  traffic.abort()
  await browser.close()
  await server.stop()
}
