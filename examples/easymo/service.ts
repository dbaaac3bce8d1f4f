/**
 * A WhatsApp service in the preset's names. The same file runs on Supabase's Edge Functions (Deno), Node and Workers: it
 * imports nothing of a platform, and does nothing before the first request. It verifies no signature: what keeps strangers
 * out stands before it, or is `createWebhook` with `whatsapp()`, as in `examples/node`.
 */
import {
  backgroundWarmup,
  checkDuplicate,
  configureEasymo,
  deduplicationMiddleware,
  getCachedProfileByPhone,
  getPooledClient,
  handlePerformanceRequest,
  incrementCounter,
  isWarmedUp,
  lazyExecute,
  performanceMiddleware,
  registerLazyHandler,
  timeAsync,
  trackColdStart,
  trackHandler,
  type EasymoOptions,
} from '@easymo/perf/easymo'
import type { Greeting } from './handlers/greet.ts'

interface Message {
  readonly id: string
  readonly from: string
}

interface Delivery {
  readonly entry: readonly {
    readonly changes: readonly { readonly value: { readonly messages?: readonly Message[] } }[]
  }[]
}

/** What a platform hands to a request besides: Workers their context, the others nothing. */
interface Context {
  waitUntil?(promise: Promise<unknown>): void
}

const SERVICE = 'wa-easymo'

registerLazyHandler('greet', () => import('./handlers/greet.ts'))

async function answer(message: Message): Promise<Greeting> {
  const lookup = () => getCachedProfileByPhone(getPooledClient(), message.from)
  const { result: profile } = await timeAsync('profile_lookup', lookup)
  incrementCounter('messages', { known: profile !== null })
  return lazyExecute<unknown[], Greeting>('greet', 'handle', message.from, profile)
}

async function webhook(request: Request): Promise<Response> {
  const { entry } = (await request.json()) as Delivery
  const messages = entry.flatMap(({ changes }) => changes.flatMap(({ value }) => value.messages ?? []))
  const replies = await trackHandler('webhook_processing', () => Promise.all(messages.map(answer)), {
    service: SERVICE,
  })
  return Response.json({ success: true, replies })
}

const measured = performanceMiddleware({ slowThresholdMs: 2_000 })
const once = deduplicationMiddleware()

/** @param createClient - `createClient` of `@supabase/supabase-js`: the one thing that is imported differently everywhere */
export function createService(createClient: NonNullable<EasymoOptions['createClient']>) {
  return async (request: Request, env?: object, context?: Context): Promise<Response> => {
    // On Workers the environment comes with the request; what was made of the same one stays.
    configureEasymo({ createClient, service: SERVICE, ...(env === undefined ? {} : { env }) })
    trackColdStart(SERVICE)
    const waitUntil = context?.waitUntil?.bind(context)
    const config = { preloadConfig: false, preloadHandlerNames: ['greet'] }
    if (!isWarmedUp()) backgroundWarmup(config, waitUntil === undefined ? {} : { waitUntil })
    const { pathname } = new URL(request.url)
    if (pathname.endsWith('/webhook')) return measured(request, (one) => once(one, webhook), { service: SERVICE })
    if (pathname.endsWith('/seen')) return Response.json(checkDuplicate(request.headers.get('x-request-id') ?? ''))
    return handlePerformanceRequest(request)
  }
}
