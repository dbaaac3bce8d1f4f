// What the packed package does on any runtime. Imports from the package alone, and needs no permission of any kind.
import { isPerfError, OptionError } from '@easymo/perf'
import { createCache } from '@easymo/perf/cache'
import { prometheusText } from '@easymo/perf/metrics'
import { sign, whatsappDelivery } from '@easymo/perf/testing'
import { runContracts } from './contracts.mjs'
import { runEasymo } from './easymo.mjs'
import * as house from './house.mjs'
import { runMetrics } from './metrics.mjs'

function must(condition, message) {
  if (!condition) throw new Error(message)
}

function mustBe(actual, expected) {
  const [is, wanted] = [JSON.stringify(actual), JSON.stringify(expected)]
  must(is === wanted, `it is ${is} and not ${wanted}`)
}

const post = (body, signature) =>
  new Request('http://localhost/webhook', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(signature === undefined ? {} : { 'x-hub-signature-256': signature }),
    },
    body,
  })

const cases = [
  {
    name: 'every entry imports and exports something',
    async run() {
      const entries = await Promise.all([
        import('@easymo/perf'),
        import('@easymo/perf/cache'),
        import('@easymo/perf/dedup'),
        import('@easymo/perf/metrics'),
        import('@easymo/perf/pool'),
        import('@easymo/perf/query'),
        import('@easymo/perf/lazy'),
        import('@easymo/perf/warmup'),
        import('@easymo/perf/http'),
        import('@easymo/perf/webhook'),
        import('@easymo/perf/redis'),
        import('@easymo/perf/pg'),
        import('@easymo/perf/supabase'),
        import('@easymo/perf/schemas'),
        import('@easymo/perf/easymo'),
        import('@easymo/perf/testing'),
      ])
      must(
        entries.every((entry) => Object.keys(entry).length > 0),
        'one exports nothing',
      )
    },
  },
  {
    name: 'the main entry has the factories of the rooms',
    async run() {
      const root = await import('@easymo/perf')
      const named = [
        'createCache',
        'createDedup',
        'createMetrics',
        'createPool',
        'query',
        'createHost',
        'consoleObserver',
      ]
      const classes = ['PerfError', 'OptionError', 'isPerfError', 'NonRetryable']
      mustBe(
        [...named, ...classes].filter((name) => typeof root[name] !== 'function'),
        [],
      )
    },
  },
  {
    name: 'a cache loads once for many callers',
    async run() {
      const before = house.counts.loads
      const phone = '250788000099'
      const answers = await Promise.all(Array.from({ length: 50 }, () => house.profileByPhone(phone)))
      must(
        answers.every((profile) => profile.phone === phone),
        'a caller got another value',
      )
      mustBe(house.counts.loads - before, 1)
      mustBe(house.profileByPhone.peek(phone)?.phone, phone)
    },
  },
  {
    name: 'a cache entry ends with its time to live',
    async run() {
      const clock = (await import('@easymo/perf/testing')).manualClock()
      const { createHost } = await import('@easymo/perf')
      const cache = createCache({ ttlMs: 1_000, host: createHost({ clock }) })
      cache.set('k', 'v')
      await clock.tick(999)
      mustBe(cache.get('k'), 'v')
      await clock.tick(2)
      mustBe(cache.get('k'), undefined)
    },
  },
  {
    name: 'a cache of two tiers finds in its store what another one loaded',
    async run() {
      const load = async () => ({ nth: 1 })
      mustBe((await house.tiered.lookup('k', load, { tags: ['t'] })).status, 'miss')
      mustBe((await house.otherTiered.lookup('k', load)).status, 'store')
      await house.tiered.invalidateTag('t')
      mustBe(await house.tiered.get('k'), undefined)
    },
  },
  {
    name: 'a page is made once and then found',
    async run() {
      const get = (headers) => house.page(new Request('http://localhost/page', { headers }))
      const [miss, hit] = [await get({}), await get({})]
      mustBe([miss.headers.get('x-cache'), hit.headers.get('x-cache')], ['MISS', 'HIT'])
      mustBe([await miss.text(), await hit.text()], ['page', 'page'])
      const unchanged = await get({ 'if-none-match': hit.headers.get('etag') })
      mustBe([unchanged.status, await unchanged.text()], [304, ''])
    },
  },
  {
    name: 'dedup runs the work of a key once',
    async run() {
      for (const dedup of [house.dedup, house.stored]) {
        let runs = 0
        const both = await Promise.all([dedup.once('m:1', () => ++runs), dedup.once('m:1', () => ++runs)])
        mustBe(both.map(({ status }) => status).sort(), ['done', 'duplicate'])
        mustBe(runs, 1)
        mustBe([dedup.mark('m:2'), dedup.mark('m:2'), dedup.seen('m:2')], [true, false, true])
      }
    },
  },
  {
    name: 'metrics count and show what they counted',
    async run() {
      house.requests.inc('smoke')
      house.requests.add(2, 'smoke')
      house.latency.observe(0.02)
      const text = prometheusText(house.metrics)
      must(/suite_requests_total\{[^}]*kind="smoke"[^}]*\} 3\b/.test(text), text)
      must(/suite_duration_seconds_count\{[^}]*\} 1\b/.test(text), text)
    },
  },
  {
    name: 'a pool lends a client and takes it back',
    async run() {
      mustBe(await house.pool.use(async (client) => client.open), true)
      const { size, idle, borrowed } = house.pool.stats()
      mustBe({ size, idle, borrowed }, { size: 1, idle: 1, borrowed: 0 })
      await house.pool.drain()
    },
  },
  {
    name: 'a query reaches the driver with its values as parameters',
    async run() {
      const { data } = await house.trips.execute()
      mustBe(data, [{ id: 7, status: 'open' }])
      const [{ text, values }] = house.asked
      must(/select .*from "?trips"?/is.test(text) && !text.includes('u1') && values.includes('u1'), text)
    },
  },
  {
    name: 'the same query reaches PostgREST',
    async run() {
      const { data } = await house.tripsOverHttp.execute()
      mustBe(data, [{ id: 7, status: 'open' }])
      must(/\/rest\/v1\/trips\?.*user_id.eq\./.test(house.fetched[0]), house.fetched[0])
    },
  },
  {
    name: 'lazy handlers load and run',
    async run() {
      mustBe(await house.handlers.run('text', { key: 'k' }), 'text k')
      mustBe(house.handlers.loaded('text'), true)
    },
  },
  {
    name: 'warm-up runs its tasks',
    async run() {
      const { ok } = await house.warmup.run()
      mustBe([ok, house.warmup.warmedUp], [true, true])
    },
  },
  {
    name: 'the door handles a signed delivery once, and refuses a forged one',
    async run() {
      const before = house.counts.handled
      const { body } = whatsappDelivery({ text: 'muraho', from: '250788000001' })
      const signature = await sign(body, house.secret)
      const first = await house.measured(post(body, signature))
      mustBe([first.status, await first.json()], [200, { success: true }])
      const second = await house.measured(post(body, signature))
      mustBe([second.status, await second.json()], [200, { success: true, duplicate: true }])
      mustBe(house.counts.handled - before, 1)
      mustBe((await house.measured(post(body, await sign(body, 'another secret')))).status, 401)
      mustBe((await house.measured(post(body))).status, 401)
      must(house.facts.includes('webhook.rejected'), 'the host was not told of the forged delivery')
    },
  },
  {
    name: 'the door answers the handshake',
    async run() {
      const url = (token) => `http://localhost/?hub.mode=subscribe&hub.verify_token=${token}&hub.challenge=1158201444`
      const right = await house.webhook(new Request(url(house.verifyToken)))
      mustBe([right.status, await right.text()], [200, '1158201444'])
      mustBe((await house.webhook(new Request(url('wrong')))).status, 403)
    },
  },
  {
    name: 'metrics and health answer',
    async run() {
      mustBe((await house.metricsPage(new Request('http://localhost/metrics'))).status, 401)
      const headers = { authorization: 'Bearer scrape' }
      const page = await house.metricsPage(new Request('http://localhost/metrics', { headers }))
      mustBe(page.status, 200)
      must('cache' in (await page.json()), 'the document has no caches')
      const health = await house.health(new Request('http://localhost/health'))
      const { status, checks } = await health.json()
      mustBe([health.status, status, checks], [200, 'healthy', { database: 'ok' }])
    },
  },
  {
    name: 'the schemas accept a sample delivery and refuse what is none',
    async run() {
      const { easymoEnv, parseEnv, whatsappEnvelope } = await import('@easymo/perf/schemas')
      const { payload } = whatsappDelivery({ text: 'muraho', from: '250788000001' })
      const validate = (value) => whatsappEnvelope['~standard'].validate(value)
      must(!('issues' in validate(payload)), 'a good delivery was refused')
      must('issues' in validate({ entry: 'none' }), 'a bad delivery was accepted')
      must(easymoEnv !== undefined && typeof parseEnv === 'function', 'the schema of the environment is missing')
    },
  },
  {
    name: 'the preset answers from its cache and knows a duplicate',
    async run() {
      const { checkDuplicate, getCachedProfile } = await import('@easymo/perf/easymo')
      mustBe([checkDuplicate('wamid.1').isDuplicate, checkDuplicate('wamid.1').isDuplicate], [false, true])
      const before = house.asked.length
      await getCachedProfile(house.postgres, 'u1')
      await getCachedProfile(house.postgres, 'u1')
      mustBe(house.asked.length - before, 1)
    },
  },
  {
    name: 'a bad option is refused with a code',
    run() {
      for (const make of [() => createCache({ ttl: 1 }), () => createCache({ maxEntries: -1 })]) {
        let error
        try {
          make()
        } catch (thrown) {
          error = thrown
        }
        must(error instanceof OptionError && isPerfError(error) && error.code === 'ERR_PERF_OPTION', String(error))
      }
    },
  },
]

/** Runs all cases in their order, those of metrics, the contracts of stores, and the service in the preset's names. */
export async function runSuite() {
  const results = []
  for (const { name, run } of cases) {
    try {
      await run()
      results.push({ name })
    } catch (error) {
      results.push({ name, error: String(error?.stack ?? error) })
    }
  }
  return [...results, ...(await runMetrics()), ...(await runContracts()), ...(await runEasymo())]
}
