/** What must hold on Workers for responses behind `cacheMiddleware`. */
import { setTimeout as sleep } from 'node:timers/promises'
import { must } from './report.ts'
import { BOUND_MS, until, type Bench, type Cases } from './worker-requests.ts'

interface Page {
  readonly status: number
  readonly cache: string | null
  /** Which one it is of those that the handler made; undefined when the bytes are not its own. */
  readonly nth: number | undefined
  readonly etag: string
}

/** Reads a page to its last byte, and looks at every one. */
async function page({ worker }: Bench, path: string, init: RequestInit = {}): Promise<Page> {
  const response = await fetch(worker.url + path, { signal: AbortSignal.timeout(BOUND_MS), ...init })
  const bytes = new Uint8Array(await response.arrayBuffer())
  const whole = bytes.length === 257 && bytes.every((byte, at) => at === 256 || byte === at)
  const { headers, status } = response
  return { status, cache: headers.get('x-cache'), nth: whole ? bytes[256] : undefined, etag: headers.get('etag') ?? '' }
}

function mustBe(came: Page, [cache, nth]: readonly [cache: string, nth: number]): void {
  must(came.status === 200 && came.cache === cache && came.nth === nth, `not ${cache} ${nth}: ${JSON.stringify(came)}`)
}

export const httpCases: Cases = {
  'a page is made once, and other requests get its bytes': async (bench) => {
    mustBe(await page(bench, '/pages/a'), ['MISS', 1])
    const found = await page(bench, '/pages/a')
    mustBe(found, ['HIT', 1])
    const unchanged = await page(bench, '/pages/a', { headers: { 'if-none-match': found.etag } })
    must(found.etag !== '' && unchanged.status === 304, JSON.stringify(unchanged))
    const head = await page(bench, '/pages/a', { method: 'HEAD' })
    must(head.status === 200 && head.cache === 'HIT' && head.etag === found.etag, JSON.stringify(head))
    await page(bench, '/pages/a', { method: 'POST' })
    mustBe(await page(bench, '/pages/a'), ['MISS', 2])
  },

  'a page that comes bit by bit is stored whole': async (bench) => {
    mustBe(await page(bench, '/pages/b?streams'), ['MISS', 1])
    mustBe(await page(bench, '/pages/b?streams'), ['HIT', 1])
  },

  'a herd of requests on one page makes it once': async (bench) => {
    for (const path of ['/pages/c?ms=800', '/pages/d?ms=800&streams']) {
      const pages = await Promise.all(Array.from({ length: 20 }, () => page(bench, path)))
      must(
        pages.every(({ status, nth }) => status === 200 && nth === 1),
        `${path}: ${JSON.stringify(pages)}`,
      )
      mustBe(await page(bench, path), ['HIT', 1])
    }
  },

  'a stale page is served at once, and refreshed after its request': async (bench) => {
    mustBe(await page(bench, '/brief/e?ms=200'), ['MISS', 1])
    await sleep(400)
    mustBe(await page(bench, '/brief/e?ms=200'), ['STALE', 1])
    must(await until(async () => (await page(bench, '/brief/e?ms=200')).nth === 2), 'it was never refreshed')
  },

  'a page whose client went away while it was made is there for the next ones': async (bench) => {
    for (const path of ['/pages/f?ms=600', '/pages/g?streams&ms=300']) {
      const gone = await page(bench, path, { signal: AbortSignal.timeout(150) }).then(
        () => false,
        () => true,
      )
      must(gone, `${path}: it was answered before it left`)
      const pages = await Promise.all([page(bench, path), page(bench, path)])
      must(
        pages.every(({ status, nth }) => status === 200 && nth !== undefined),
        `${path}: ${JSON.stringify(pages)}`,
      )
      must((await page(bench, path)).cache === 'HIT', `${path} was not stored`)
    }
  },

  'a handler that hangs keeps its own request, and nobody else for longer than the deadline': async (bench) => {
    const hung = page(bench, '/pages/h?hangs', { signal: AbortSignal.timeout(4_000) }).catch(() => undefined)
    await sleep(100)
    const pages = await Promise.all([page(bench, '/pages/h?hangs'), page(bench, '/pages/h?hangs')])
    must(
      pages.every(({ status, nth }) => status === 200 && nth !== undefined),
      JSON.stringify(pages),
    )
    await hung
  },

  'a page in the store is found by another instance': async (bench) => {
    mustBe(await page(bench, '/one/i'), ['MISS', 1])
    mustBe(await page(bench, '/two/i'), ['HIT', 1])
  },
}
