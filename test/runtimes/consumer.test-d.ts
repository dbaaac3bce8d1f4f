// What a strict consumer writes; compiled against the shipped declarations, never run.
import { createHost, isPerfError, type Host, type PerfError } from '@easymo/perf'
import { cached, createCache, type Cache } from '@easymo/perf/cache'
import { createDedup, NonRetryable } from '@easymo/perf/dedup'
import { getPooledClient, trackHandler } from '@easymo/perf/easymo'
import { createMetrics, prometheusText } from '@easymo/perf/metrics'
import { createPool } from '@easymo/perf/pool'
import { sign, whatsappDelivery } from '@easymo/perf/testing'
import { createWebhook, whatsapp } from '@easymo/perf/webhook'

interface Profile {
  readonly userId: string
}

interface Env {
  readonly WA_APP_SECRET: string
}

const host: Host = createHost()
const profiles: Cache<Profile> = createCache<Profile>({ name: 'profile', ttlMs: 60_000, host })
const profileByPhone = cached({
  cache: profiles,
  key: (phone: string) => `phone:${phone}`,
  load: async (phone, { signal }) => ({ userId: `${phone}${String(signal.aborted)}` }),
})
export const userId: Promise<string> = profileByPhone('250788000001').then((profile) => profile.userId)

const metrics = createMetrics()
const requests = metrics.counter('requests_total', { help: 'Requests', labels: ['method'] })
requests.inc('POST')
export const text: string = prometheusText(metrics)

const pool = createPool({ create: async () => ({ id: 1 }), destroy: () => undefined })
export const id: Promise<number> = pool.use((client) => client.id)

export const webhook = createWebhook<[Env]>({
  provider: whatsapp({ appSecret: (env) => env.WA_APP_SECRET, verifyToken: 'verify' }),
  dedup: createDedup(),
  handle: async (update, { args: [env], attempt }) => {
    if (update.kind === 'message' && attempt > 3) throw new NonRetryable(env.WA_APP_SECRET.length.toString())
  },
})
export const answer = (request: Request, env: Env): Response | Promise<Response> => webhook(request, env)

export const signature: Promise<string> = sign(whatsappDelivery({ text: 'a', from: '1' }).body, 'secret')
export const code = (error: unknown): PerfError['code'] | undefined => (isPerfError(error) ? error.code : undefined)

// @ts-expect-error - durations are numbers of milliseconds
createCache({ ttlMs: '30s' })
// @ts-expect-error - a label is missing
requests.inc()

// What a service's clients are is said once.
declare module '@easymo/perf/easymo' {
  interface EasymoTypes {
    client: { from(table: string): { readonly rows: number }; rpc(name: string): Promise<unknown> }
  }
}
export const rows: number = getPooledClient().from('trips').rows
export const handled: Promise<number> = trackHandler('webhook', async () => 1, { service: 'wa' })
