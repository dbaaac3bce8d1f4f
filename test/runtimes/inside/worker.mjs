// The Worker that is tried in workerd: the suite in one request, and single steps of the cases that need several.
// Every factory runs at module scope, by the import of house.mjs; the clock reads 0 there.
import { createCache } from '@easymo/perf/cache'
import { createDedup } from '@easymo/perf/dedup'
import { healthEndpoint } from '@easymo/perf/http'
import { lazyHandlers } from '@easymo/perf/lazy'
import { sign, whatsappDelivery } from '@easymo/perf/testing'
import { createWarmup } from '@easymo/perf/warmup'
import { createWebhook, whatsapp } from '@easymo/perf/webhook'
import { metricsSteps } from './metrics.mjs'
import { runSuite } from './suite.mjs'
import { cacheSteps, sleep } from './worker-cache.mjs'
import { pageHandlerOf } from './worker-http.mjs'
import { manySteps } from './worker-many.mjs'
import { poolSteps } from './worker-pool.mjs'
import { storeIsAt, tierSteps } from './worker-tier.mjs'

const flights = createCache({ name: 'flights', ttlMs: 60_000, loadTimeoutMs: 5_000 })
const boot = createCache({ name: 'boot', ttlMs: 500 })
boot.set('early', 'here')
const short = createCache({ name: 'short' })
const stale = createCache({ name: 'stale', ttlMs: 100, staleWhileRevalidateMs: 60_000, loadTimeoutMs: 5_000 })
const dedup = createDedup({ name: 'steps' })
const handlers = lazyHandlers({ slow: () => sleep(150).then(() => () => 'slow handler') })

const warmup = createWarmup({ tasks: { one: () => sleep(150), two: () => sleep(150) } })
const health = healthEndpoint({ service: 'steps', version: '1', checks: { database: () => sleep(150) } })
const door = createWebhook({
  provider: whatsapp({ appSecret: 'secret', verifyToken: 'verify' }),
  dedup: createDedup({ name: 'door' }),
  answerWithinMs: 600,
  handle: async (update) => {
    await sleep(Number(update.payload.text.body))
    counts.handled += 1
  },
})
/** A provider resends the very same bytes. */
const deliveries = new Map()

const counts = { loads: 0, handled: 0 }
const unhandled = []
addEventListener('unhandledrejection', (event) => unhandled.push(String(event.reason)))

/** A load whose I/O is cancelled when its request ends. */
async function load(ms, fails) {
  const nth = ++counts.loads
  await sleep(ms)
  if (fails) throw new Error('load failed')
  return `value ${nth}`
}

const steps = {
  ...cacheSteps,
  ...manySteps,
  ...poolSteps,
  ...metricsSteps,
  ...tierSteps,
  '/suite': async () => ({ results: await runSuite() }),
  '/counts': () => ({ ...counts, unhandled }),

  // Single flight. `stay`: how long the request lives on without awaiting what it started.
  '/flight/start': async ({ key, ms, stay, fails, waitUntil }) => {
    void flights.getOrSet(key, () => load(ms, fails), { waitUntil }).catch(() => undefined)
    await sleep(stay)
    return {}
  },
  '/flight/get': async ({ key, ms, stay, fails, waitUntil }) => {
    const value = await flights.getOrSet(key, () => load(ms, fails), { waitUntil })
    // What comes after the wait must run in this request, also when the one that loaded has ended by now.
    await sleep(stay)
    return { value }
  },

  '/ttl/boot': () => ({ value: boot.get('early') }),
  '/ttl/set': ({ key }) => {
    short.set(key, 'short', { ttlMs: 100 })
    short.set(`${key} long`, 'long', { ttlMs: 60_000 })
    return {}
  },
  '/ttl/get': ({ key }) => ({ short: short.get(key), has: short.has(key), long: short.get(`${key} long`) }),

  // Rooms that let one caller wait for another's work.
  '/dedup/start': async ({ key, ms, stay, waitUntil }) => {
    void dedup.once(key, () => sleep(ms).then(() => ++counts.handled), { waitUntil }).catch(() => undefined)
    await sleep(stay)
    return {}
  },
  '/dedup/get': async ({ key, ms, stay, waitUntil }) => {
    const { status } = await dedup.once(key, () => sleep(ms).then(() => ++counts.handled), { waitMs: 2_000, waitUntil })
    await sleep(stay)
    return { status }
  },
  '/lazy/start': () => {
    void handlers.load('slow').catch(() => undefined)
    return {}
  },
  '/lazy/get': async () => ({ value: await handlers.run('slow') }),

  '/warmup/start': () => {
    warmup.background()
    return {}
  },
  '/warmup/get': async () => ({ value: String((await warmup.run()).ok) }),

  '/health/start': () => {
    void health(new Request('http://localhost/health')).catch(() => undefined)
    return {}
  },
  '/health/get': async () => ({ value: String((await health(new Request('http://localhost/health'))).status) }),

  '/stale/get': async ({ key, waitUntil }) => ({ value: await stale.getOrSet(key, () => load(50), { waitUntil }) }),

  // One delivery by its key, whose handler takes so many ms; asked for again, it is the provider's resend.
  '/door': async ({ key, ms, env, ctx }) => {
    if (!deliveries.has(key)) deliveries.set(key, whatsappDelivery({ text: String(ms), from: '250788000001' }).body)
    const body = deliveries.get(key)
    const headers = { 'x-hub-signature-256': await sign(body, 'secret') }
    const response = await door(new Request('http://localhost/', { method: 'POST', body, headers }), env, ctx)
    return { answer: response.status, ...(await response.json().catch(() => ({}))) }
  },
}

export default {
  async fetch(request, env, ctx) {
    const url = new URL(request.url)
    storeIsAt(env.STORE_URL)
    const page = pageHandlerOf(url.pathname)
    if (page !== undefined) return page(request, env, ctx)
    const step = steps[url.pathname]
    if (step === undefined) return new Response('no such step', { status: 404 })
    const waitUntil = url.searchParams.has('keep') ? (promise) => ctx.waitUntil(promise) : undefined
    try {
      return Response.json((await step({ ...queryOf(url), waitUntil, env, ctx })) ?? {})
    } catch (error) {
      return Response.json({ error: `${error?.name} ${error?.code ?? ''} ${error?.message}` }, { status: 500 })
    }
  },
}

/** What a step is told: texts, lists, numbers of milliseconds, and what is only there or not. */
function queryOf({ searchParams }) {
  const { keys = '', ms = 0, stay = 0, ttlMs, ...texts } = Object.fromEntries(searchParams)
  const flags = ['fails', 'hangs', 'late'].map((name) => [name, searchParams.has(name)])
  const numbers = { ms: Number(ms), stay: Number(stay), ...(ttlMs === undefined ? {} : { ttlMs: Number(ttlMs) }) }
  return { ...texts, keys: keys.split(','), ...numbers, ...Object.fromEntries(flags) }
}
