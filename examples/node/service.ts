import type { Host } from '@easymo/perf'
import { cached, createCache } from '@easymo/perf/cache'
import { createDedup } from '@easymo/perf/dedup'
import { healthEndpoint, metricsEndpoint, performanceMiddleware, trackers } from '@easymo/perf/http'
import { lazyHandlers } from '@easymo/perf/lazy'
import { collect, collectRuntime, createMetrics } from '@easymo/perf/metrics'
import { query } from '@easymo/perf/query'
import { createWarmup } from '@easymo/perf/warmup'
import { createWebhook, whatsapp, type Handler } from '@easymo/perf/webhook'
import type { OpenDatabase } from './database.ts'
import type { Profile } from './tables.ts'

export interface ServiceOptions {
  readonly database: OpenDatabase
  readonly appSecret: string
  readonly verifyToken: string
  /** Who may read /metrics; everybody when there is none. */
  readonly metricsToken?: string | undefined
  /** Is told what a handler throws. @defaultValue the console */
  readonly onError?: (error: unknown) => void
  readonly host: Host
}

/** A WhatsApp webhook service: the door, what stands behind it, and the two pages that show how it does. */
export function createService({ database, appSecret, verifyToken, metricsToken, onError, host }: ServiceOptions) {
  const { db, write } = database
  const service = 'wa-example'
  const metrics = createMetrics({ defaultLabels: { service }, host })

  const profiles = createCache<Profile | null>({ name: 'profile', maxEntries: 500, ttlMs: 300_000, host })
  const profileByPhone = cached({
    cache: profiles,
    key: (phone: string) => `phone:${phone}`,
    load: async (phone, { signal }) => {
      const found = query<Profile>(db, 'profiles')
        .select('user_id', 'wa_id', 'full_name', 'language')
        .eq('wa_id', phone)
      return (await found.maybeSingle().execute({ signal })).data
    },
  })

  const handlers = lazyHandlers(
    { message: () => import('./handlers/message.ts'), status: () => import('./handlers/status.ts') },
    { host },
  )
  // Patient, because the database of the demo is this process itself, and busy with the handlers, too.
  const dedup = createDedup({ name: service, store: database.claims, storeTimeoutMs: 5_000, host })
  const warmup = createWarmup({ tasks: { handlers: () => handlers.preload() }, host })
  const parked: string[] = []

  const webhook = createWebhook({
    provider: whatsapp({ appSecret, verifyToken }),
    dedup,
    maxAttempts: 3,
    handle: (update, { attempt }) =>
      handlers.run(update.kind === 'message' ? 'message' : 'status', update, { profileByPhone, write, attempt }),
    park: (update) => void parked.push(update.key),
    ...(onError && { onError }),
    host,
  })

  collect(metrics, 'cache', 'profile', () => profiles.stats())
  collect(metrics, 'dedup', service, () => dedup.stats())
  collect(metrics, 'webhook', service, () => webhook.stats())
  collect(metrics, 'lazy', 'handlers', () => handlers.stats())
  collect(metrics, 'warmup', 'tasks', () => warmup.stats())
  if (database.poolStats !== undefined) collect(metrics, 'pool', 'example', database.poolStats)

  collectRuntime(metrics)
  trackers(metrics).trackColdStart(service)

  const access = metricsToken === undefined ? 'public' : { tokens: [metricsToken] }
  const showMetrics = metricsEndpoint({ metrics, access, host })
  const showHealth = healthEndpoint({
    service,
    version: '1.0.0',
    checks: { database: async () => void (await query<Profile>(db, 'profiles').limit(1).execute()) },
    metrics,
    host,
  })
  const measured = performanceMiddleware({ service, metrics, route: () => '/webhook', routes: ['/webhook'], host })(
    webhook,
  )

  const handler: Handler = (request) => {
    const { pathname } = new URL(request.url)
    if (pathname === '/webhook') return measured(request)
    if (pathname === '/metrics') return showMetrics(request)
    if (pathname.startsWith('/health')) return showHealth(request)
    return new Response('Not found', { status: 404 })
  }
  return { handler, warmup, metrics, profiles, dedup, webhook, parked }
}
