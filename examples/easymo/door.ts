/**
 * The same service behind the door: deliveries are verified before anything is read, each message is handled once, and what
 * fails comes again. `curl-checks.sh` checks it as the guides do.
 */
import {
  backgroundWarmup,
  configureEasymo,
  getCachedProfileByPhone,
  getPooledClient,
  handlePerformanceRequest,
  incrementCounter,
  isWarmedUp,
  performanceMiddleware,
  query,
  trackColdStart,
  trackHandler,
  type EasymoOptions,
} from '@easymo/perf/easymo'
import { createDedup } from '@easymo/perf/dedup'
import { createWebhook, whatsapp } from '@easymo/perf/webhook'

const SERVICE = 'wa-webhook-core'

export interface DoorOptions extends Pick<EasymoOptions, 'createClient' | 'env'> {
  readonly appSecret: string
  readonly verifyToken: string
}

/** What a platform calls with every request. */
export function createDoor({ appSecret, verifyToken, ...options }: DoorOptions) {
  const checks = {
    database: async () => {
      const { error } = await query(getPooledClient(), 'profiles').select('user_id').limit(1).execute()
      if (error !== null) throw error
    },
    jobWorker: () => true,
  }
  configureEasymo({ ...options, service: SERVICE, version: '1.0.0', domains: ['jobs', 'rides'], checks })
  trackColdStart(SERVICE)

  // In memory: with several isolates, give it a store, as docs/dedup.md says.
  const webhook = createWebhook({
    provider: whatsapp({ appSecret, verifyToken }),
    dedup: createDedup({ name: SERVICE }),
    handle: (update) =>
      trackHandler('webhook_processing', async () => {
        // A sender without a number has a user id only.
        if (update.kind !== 'message' || update.payload.from === undefined) return
        const profile = await getCachedProfileByPhone(getPooledClient(), update.payload.from)
        incrementCounter('messages', { known: profile !== null })
      }),
  })
  const measure = performanceMiddleware({ logSlowRequests: false })

  return async (request: Request): Promise<Response> => {
    if (!isWarmedUp()) backgroundWarmup()
    const { pathname } = new URL(request.url)
    if (pathname.endsWith('/webhook')) return measure(request, (one) => webhook(one), { service: SERVICE })
    return handlePerformanceRequest(request)
  }
}
