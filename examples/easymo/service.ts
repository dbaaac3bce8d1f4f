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
  getSupabaseClient,
  handlePerformanceRequest,
  incrementCounter,
  isWarmedUp,
  lazyExecute,
  performanceMiddleware,
  registerLazyHandler,
  timeAsync,
  trackColdStart,
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
  const profile = await timeAsync('profile_lookup', () => getCachedProfileByPhone(getSupabaseClient(), message.from))
  incrementCounter('messages', { known: profile !== null })
  return lazyExecute<Greeting>('greet', message.from, profile)
}

async function webhook(request: Request): Promise<Response> {
  const { entry } = (await request.json()) as Delivery
  const messages = entry.flatMap(({ changes }) => changes.flatMap(({ value }) => value.messages ?? []))
  return Response.json({ success: true, replies: await Promise.all(messages.map(answer)) })
}

const measured = performanceMiddleware({ service: SERVICE, route: () => '/webhook' })(
  deduplicationMiddleware()(webhook),
)

/** @param createClient - `createClient` of `@supabase/supabase-js`: the one thing that is imported differently everywhere */
export function createService(createClient: NonNullable<EasymoOptions['createClient']>) {
  return async (request: Request, env?: object, context?: Context): Promise<Response> => {
    // On Workers the environment comes with the request; what was made of the same one stays.
    configureEasymo({ createClient, service: SERVICE, ...(env === undefined ? {} : { env }) })
    trackColdStart(SERVICE)
    const waitUntil = context?.waitUntil?.bind(context)
    if (!isWarmedUp()) backgroundWarmup(undefined, waitUntil === undefined ? {} : { waitUntil })
    const { pathname } = new URL(request.url)
    if (pathname.endsWith('/webhook')) return measured(request)
    if (pathname.endsWith('/seen')) return Response.json(checkDuplicate(request.headers.get('x-request-id') ?? ''))
    return handlePerformanceRequest(request)
  }
}
