// A service as it was written for its own modules: the import path is another one, and one line is new. It runs on Node,
// Deno, Bun and Workers, over whatever `createClient` makes.
import {
  backgroundWarmup,
  cacheMiddleware,
  checkDuplicate,
  configureEasymo,
  deduplicationMiddleware,
  findNearbyDrivers,
  getCachedAppConfig,
  getCachedProfileByPhone,
  getDeduplicationStats,
  getPooledClient,
  handlePerformanceRequest,
  isWarmedUp,
  lazy,
  performanceMiddleware,
  preloadHandlers,
  query,
  recordRequestMetrics,
  registerLazyHandler,
  trackColdStart,
  trackHandler,
} from '@easymo/perf/easymo'

const SERVICE_NAME = 'wa-webhook-core'

const home = lazy('core:home', () => import('./easymo-home.mjs'))
registerLazyHandler('core:router', () => import('./easymo-home.mjs'))

const measure = performanceMiddleware({ slowThresholdMs: 5_000, logSlowRequests: false })
const once = deduplicationMiddleware()
const cached = cacheMiddleware({ includePaths: ['/fn/fares'] })

/** @param options - what `configureEasymo` takes: `createClient`, and on Workers `env` */
export function startProgram(options) {
  configureEasymo(options)
  trackColdStart(SERVICE_NAME)

  return async function serve(req) {
    const url = new URL(req.url)
    const startedAt = performance.now()
    if (url.pathname.endsWith('/metrics')) return handlePerformanceRequest(req)
    if (url.pathname.endsWith('/health')) return handlePerformanceRequest(req)
    const supabase = getPooledClient()
    if (!isWarmedUp())
      backgroundWarmup({
        preloadDatabase: true,
        preloadConfig: true,
        preloadHandlerNames: ['core:router', 'core:home'],
      })
    if (url.pathname.endsWith('/fares'))
      return cached(req, async () => Response.json(await getCachedAppConfig(supabase)))
    if (url.pathname.endsWith('/drivers')) {
      const drivers = await findNearbyDrivers(
        supabase,
        { lat: -1.9441, lng: 30.0619 },
        { vehicleType: 'moto', limit: 3 },
      )
      return Response.json(drivers.map(({ id, distance }) => ({ id, distance: Math.round(distance * 1_000) })))
    }
    if (url.pathname.endsWith('/trips')) {
      const page = await query(supabase, 'trips')
        .select('id, status')
        .eq('role', 'driver')
        .in('status', ['open', 'matched'])
        .orderBy('created_at', 'desc')
        .paginate({ page: 1, pageSize: 2 })
        .execute()
      return Response.json(page)
    }
    if (url.pathname.endsWith('/preload')) {
      preloadHandlers(['core:home'])
      await home.load()
      recordRequestMetrics(SERVICE_NAME, url.pathname, req.method, 200, performance.now() - startedAt)
      return Response.json({ loaded: home.isLoaded(), exports: Object.keys(home.get()), ...getDeduplicationStats() })
    }
    return measure(req, (one) => once(one, (again) => webhook(again, supabase)), { service: SERVICE_NAME })
  }
}

async function webhook(req, supabase) {
  const body = await req.json()
  const message = body.entry[0].changes[0].value.messages[0]
  const { isDuplicate } = checkDuplicate(message.id)
  if (isDuplicate) return Response.json({ success: true, duplicate: true })
  const profile = await getCachedProfileByPhone(supabase, message.from)
  const respond = async () => Response.json({ success: true, reply: (await home.load()).greet(profile) })
  return await trackHandler('webhook_processing', async () => respond(), { service: SERVICE_NAME })
}
