import { setTimeout as sleep } from 'node:timers/promises'
import { createCache } from '../../src/cache/index.ts'
import { createDedup } from '../../src/dedup/index.ts'
import { metricsEndpoint, performanceMiddleware, type Access } from '../../src/http/index.ts'
import { lazyHandlers } from '../../src/lazy/index.ts'
import { collect, createMetrics } from '../../src/metrics/index.ts'
import { createPool } from '../../src/pool/index.ts'

const SERVICE = 'wa-webhook'

/** Looks up in a cache, which loads what it does not have. */
type Find = (key: string) => Promise<string>

/** Two caches with their own loads. */
function caches(metrics: ReturnType<typeof createMetrics>): { readonly profile: Find; readonly price: Find } {
  const open = (name: string, loadMs: number): Find => {
    const cache = createCache<string>({ name, maxEntries: 200 })
    collect(metrics, 'cache', name, () => cache.stats())
    return async (key) =>
      await cache.getOrSet(key, async () => {
        await sleep(loadMs)
        return `${name} of ${key}`
      })
  }
  return { profile: open('profile', 8), price: open('price', 15) }
}

/**
 * A webhook service of real parts, whose metrics are at `/metrics`: `/webhook?id=…` is deduplicated, loads its handler
 * lazily and looks a profile up; `/orders/…?ms=…` uses the pool for so long; `/broken` fails. Anything else is answered
 * with 404; `route` names the route of a request, and the page's own requests are not measured.
 */
export function measuredService(
  access: Access,
  route?: (path: string) => string,
): (request: Request) => Response | Promise<Response> {
  const metrics = createMetrics({ defaultLabels: { service: SERVICE } })
  const { profile, price } = caches(metrics)
  const dedup = createDedup({ name: SERVICE })
  const pool = createPool({ create: () => sleep(2, {}), destroy: () => undefined, maxClients: 4 })
  const handlers = lazyHandlers({
    'core:message': () => sleep(24, (key: string) => profile(key)),
    'core:status': () => sleep(9, (key: string) => price(key)),
    'core:flow': () => sleep(9, (key: string) => price(key)),
  })
  collect(metrics, 'dedup', SERVICE, () => dedup.stats())
  collect(metrics, 'pool', 'database', () => pool.stats())
  collect(metrics, 'lazy', 'handlers', () => handlers.stats())

  const answers: Readonly<Record<string, (asked: URLSearchParams) => Promise<unknown>>> = {
    webhook: (asked) =>
      dedup.once(asked.get('id') ?? '', () =>
        handlers.run(asked.get('kind') === 'status' ? 'core:status' : 'core:message', asked.get('from') ?? ''),
      ),
    orders: (asked) => pool.use(() => sleep(Number(asked.get('ms')))),
    broken: () => Promise.reject(new Error('no database')),
  }
  const measured = performanceMiddleware({
    service: SERVICE,
    metrics,
    route: ({ url }) => {
      const path = decodeURIComponent(new URL(url).pathname)
      return route?.(path) ?? path.replace(/^\/orders\/.*/, '/orders/:id')
    },
  })(async ({ url }) => {
    const { pathname, searchParams } = new URL(url)
    const answer = answers[pathname.split('/')[1] ?? '']
    if (answer === undefined) return new Response('Not found', { status: 404 })
    try {
      await answer(searchParams)
      return Response.json({ success: true })
    } catch {
      return new Response('Failed', { status: 500 })
    }
  })
  const endpoint = metricsEndpoint({ metrics, access })
  return (request) => (new URL(request.url).pathname === '/metrics' ? endpoint(request) : measured(request))
}
