import * as easymo from './index.ts'
import {
  backgroundWarmup,
  checkDuplicate,
  configureEasymo,
  getCachedProfileByPhone,
  getPooledClient,
  handlePerformanceRequest,
  trackColdStart,
  trackHandler,
  type EasymoOptions,
} from './index.ts'

/** The real client is more than this; what it is matters to its users alone. */
interface Client {
  from(table: string): { url: string; headers: object }
  rpc(name: string, args?: object): PromiseLike<{ data: unknown }>
  readonly channel: (name: string) => unknown
}

declare const createClient: NonNullable<EasymoOptions['createClient']>
declare const client: Client
declare const request: Request
declare const phone: string
declare const respond: () => Response

// The program as the services have it.
const SERVICE_NAME = 'wa-webhook-core'
configureEasymo({ createClient })
trackColdStart(SERVICE_NAME)

export async function program(req: Request, messageId: string): Promise<Response> {
  const url = new URL(req.url)
  const supabase = getPooledClient()
  const profile = await getCachedProfileByPhone(supabase, phone)
  if (url.pathname.endsWith('/metrics')) return handlePerformanceRequest(req)
  const { isDuplicate } = checkDuplicate(messageId)
  if (isDuplicate || profile === null) return respond()
  backgroundWarmup({ preloadDatabase: true, preloadConfig: true, preloadHandlerNames: ['core:router', 'core:home'] })
  return await trackHandler('webhook_processing', async () => respond(), { service: SERVICE_NAME })
}

// A client of the type that is asked for.
export const own: Client = easymo.getPooledClient()
export const single: Client = easymo.getSupabaseClient()
export const pooled: Client = easymo.getClientPool<Client>().acquire()

// Every name of the services' own modules.
const cache = new easymo.MemoryCache<number>({ ttlMs: 1, maxSize: 1, enableLru: true, cloneValues: false })
cache.set('a', 1, 5)
export const cached: (number | undefined)[] = [cache.get('a'), await cache.getOrSet('a', async () => 2, 5)]
export const keys: string[] = cache.keys()
export const hitRate: number = easymo.createCache<string>({ ttlMs: 5 }).getStats().hitRate
export const profile: { user_id: string; full_name: string | null } | null = await easymo.getCachedProfile(client, 'u1')
export const column: unknown = (await easymo.getCachedProfile(client, 'u1'))?.['preferences']
export const state: { key: string; data: unknown } | null = await easymo.getCachedState(client, 'u1')
export const config: Record<string, unknown> = await easymo.getCachedAppConfig(client)
export const place: { lat: number; lng: number; capturedAt: string } | null = await easymo.getCachedLocation(
  client,
  'u',
)
easymo.setCachedLocation('u1', { lat: 1, lng: 2 })
easymo.invalidateProfileCache('u1')
easymo.invalidateStateCache('u1')
easymo.invalidateConfigCache()
easymo.invalidateLocationCache('u1')
export const rates: number[] = Object.values(easymo.getAllCacheStats()).map(({ hitRate: rate }) => rate)
export const total: number = easymo.cleanupAllCaches().total
easymo.clearAllCaches()

const cacheConfig = { keyGenerator: (req: Request) => req.url, ttlMs: 1, includePaths: ['/health'], methods: ['GET'] }
export const answers: Response[] = [
  await easymo.cacheMiddleware({ ...cacheConfig, excludePaths: [], condition: () => true })(request, async () => respond()), // prettier-ignore
  await easymo.deduplicationMiddleware({ windowMs: 1, maxEntries: 1, keyExtractor: () => 'k' })(request, async () => respond()), // prettier-ignore
  await easymo.performanceMiddleware({ enabled: true, slowThresholdMs: 1, logSlowRequests: true, sampleRate: 1 })(request, async () => respond(), { requestId: 'r', service: 's' }), // prettier-ignore
]
export const sizes: number[] = [easymo.getResponseCacheStats().size, easymo.getDeduplicationStats().size]

interface Trip {
  readonly id: number
  readonly status: string
}
const result = await easymo.query<Trip>(client, 'trips').select('id, status').eq('status', 'open').in('id', [1]).orderBy('id').paginate({ page: 1, pageSize: 10 }).execute() // prettier-ignore
export const rows: Trip[] | null = result.data
export const count: number | undefined = result.count
export const message: string | undefined = result.error?.message
export const one: Trip | null = (await easymo.query<Trip>(client, 'trips').or('id.eq.1,status.is.null').single()).data
export const anything: unknown = (await easymo.query(client, 'trips').eq('any', 1).isNull('other').execute()).data?.[0]?.['id'] // prettier-ignore
// @ts-expect-error - no such column
easymo.query<Trip>(client, 'trips').eq('statu', 'open')

export const drivers: { distance: number }[] = await easymo.findNearbyDrivers(client, { lat: 1, lng: 2 }, { vehicleType: 'moto', radiusKm: 15, limit: 9, windowDays: 30 }) // prettier-ignore
export const balance: number = await easymo.getWalletBalance(client, 'u1')
export const amounts: number[] = (await easymo.getTransactionHistory(client, 'u1', { limit: 1, offset: 0 })).map(({ amount }) => amount) // prettier-ignore
export const claims: { claim_type: string | null }[] = await easymo.getUserClaims(client, phone, { limit: 10 })
export const lead: { status: string } | null = await easymo.getRecentInsuranceLead(client, phone, 15)
export const trip: { status: string } | null = await easymo.getActiveTrip(client, 'u1')
export const byId: object | null = await easymo.getProfileById(client, 'u1', { useCache: false, fields: 'user_id' })
export const byPhone: object | null = await easymo.getProfileByPhone(client, phone, { fields: 'user_id' })

const home = easymo.lazy('core:home', async () => ({ show: (name: string) => name.length }))
export const shown: number = (await home.load()).show('a')
export const loaded: { show(name: string): number } | null = home.get()
easymo.registerLazyHandler('core:router', async () => ({ default: () => 1 }))
easymo.preloadHandlers(['core:home'])
export const executed: number = await easymo.lazyExecute<[string], number>('core:home', 'show', 'a')
export const times: number[] = Object.values(easymo.getHandlerLoadingStats()).map(({ loadTimeMs }) => loadTimeMs)

export const timed: { result: number; durationMs: number } = await easymo.timeAsync('work', async () => 1, { a: 'b' })
export const sync: { result: string; durationMs: number } = easymo.timeSync('work', () => 'a')
export const elapsed: () => number = easymo.startTimer()
export const stats: { p50: number; p90: number; p99: number } = easymo.getHistogramStats('took_ms')
easymo.recordRequestMetrics('wa', '/webhook', 'POST', 200, 5)
easymo.recordDatabaseMetrics('select', 'trips', 5, true)
easymo.recordApiMetrics('momo', 'pay', 200, 5)
export const tracked: number[] = [
  await trackHandler('a', async () => 1),
  await easymo.trackDatabaseOp('select', 'trips', async () => 1),
  await easymo.trackApiCall('momo', 'pay', async () => 1),
]
export const health: { status: string; metrics: { errorRate: number } } = easymo.getHealthMetrics()
export const heap: number = easymo.generatePerformanceReport().memory.heapUsed
export const warm: { success: boolean; steps: readonly { name: string }[] } = await easymo.warmup({ timeoutMs: 5_000 })
await easymo.warmupOnce()
export const metrics: number = easymo.easymoMetrics().uptimeMs()
