import { createDedup } from '../dedup/index.ts'
import type { Handler } from '../core/handler.ts'
import { createWebhook, NonRetryable, whatsapp } from './index.ts'
import type {
  Provider,
  UnkeyedChange,
  Update,
  UpdateRunner,
  Webhook,
  WhatsAppMessage,
  WhatsAppUpdate,
} from './index.ts'

interface Env {
  readonly WA_APP_SECRET: string
  readonly WA_VERIFY_TOKEN: string
  readonly OLD_SECRET?: string
}
interface ExecutionContext {
  waitUntil(promise: Promise<unknown>): void
}
declare const dedup: UpdateRunner
declare const env: Env
declare const ctx: ExecutionContext
declare const request: Request

// As it is written in the documentation.
export const webhook = createWebhook<[Env, ExecutionContext]>({
  provider: whatsapp({ appSecret: (env) => env.WA_APP_SECRET, verifyToken: (env) => env.WA_VERIFY_TOKEN }),
  dedup,
  handle: async (update, { signal, waitUntil, attempt, args: [env] }) => {
    void [update, signal, waitUntil, attempt, env]
  },
  park: async (update, error, { attempt }) => {
    void [update, error, attempt]
  },
  onUnkeyed: (change) => {
    void change
  },
  concurrency: 8,
  maxAttempts: 10,
  answerWithinMs: 5_000,
})
export const answer: Response | Promise<Response> = webhook(request, env, ctx)
webhook satisfies Handler<[Env, ExecutionContext]>
export const late: number = webhook.stats().late

// Everything that is handed to the functions has its type, without a word from the user.
createWebhook<[Env, ExecutionContext]>({
  provider: whatsapp({
    appSecret: (env, _ctx) => [env.WA_APP_SECRET, env.OLD_SECRET],
    verifyToken: ['new', 'old'],
  }),
  dedup: (env, _ctx) => createDedup({ name: env.WA_APP_SECRET }),
  handle(update, { signal, waitUntil, attempt, token, args }) {
    const typed: [WhatsAppUpdate, AbortSignal, number, string, [Env, ExecutionContext]] = [
      update,
      signal,
      attempt,
      token,
      args,
    ]
    waitUntil(Promise.resolve(typed))
    if (attempt > 3) throw new NonRetryable('given up')
  },
  park(update, error, { attempt, token, args: [env] }) {
    const typed: [WhatsAppUpdate, unknown, number, string, Env] = [update, error, attempt, token, env]
    return typed
  },
  onUnkeyed(change, { waitUntil, args: [, ctx] }) {
    const typed: [UnkeyedChange, ExecutionContext] = [change, ctx]
    waitUntil(Promise.resolve(typed))
  },
})

// Without further arguments none need be named.
const secrets = { appSecret: 'secret', verifyToken: 'token' }
export const plain: Webhook<readonly unknown[]> = createWebhook({
  provider: whatsapp(secrets),
  dedup: createDedup(),
  handle(update) {
    switch (update.kind) {
      case 'message':
      case 'standby_message': {
        const message: WhatsAppMessage = update.payload
        return message.text?.body
      }
      case 'status':
      case 'standby_status': {
        const status: string = update.payload.status
        return status
      }
      case 'call':
      case 'echo':
      case 'standby_echo':
      case 'preference':
      case 'history':
      case 'state_sync':
      case 'group_update':
      case 'user_id_update':
      case 'automatic_event':
      case 'error': {
        const field: unknown = update.payload['anything']
        return field
      }
      case 'change': {
        const field: string | undefined = update.change.field
        return field
      }
      case 'unkeyed': {
        const sent: unknown = update.payload
        return sent
      }
      default: {
        const none: never = update
        return none
      }
    }
  },
})
plain(request)
plain(request, env, ctx)

// A provider of one's own brings its own updates.
interface Note extends Update {
  readonly kind: 'note'
  readonly payload: { readonly text: string }
}
declare const notes: Provider<Note>
createWebhook({ provider: notes, dedup, handle: ({ payload }) => payload.text.length })

// @ts-expect-error - the fetch handler's further arguments are the ones that were named
webhook(request)
// @ts-expect-error - they are of the types that were named
webhook(request, { WA_APP_SECRET: 1 }, ctx)
// @ts-expect-error - a door cannot be without a dedup
createWebhook({ provider: whatsapp(secrets), handle: () => {} })
// @ts-expect-error - a door cannot be without a handler
createWebhook({ provider: whatsapp(secrets), dedup })
// @ts-expect-error - a Set knows nothing of claims
createWebhook({ provider: whatsapp(secrets), dedup: new Set<string>(), handle: () => {} })
// @ts-expect-error - a dedup that is made of the environment is there when the delivery is
createWebhook({ provider: whatsapp(secrets), dedup: async () => createDedup(), handle: () => {} })
// @ts-expect-error - times are numbers of milliseconds; '5s' is refused
createWebhook({ provider: whatsapp(secrets), dedup, handle: () => {}, answerWithinMs: '5s' })
// @ts-expect-error - options of an unknown name
createWebhook({ provider: whatsapp(secrets), dedup, handle: () => {}, timeoutMs: 5_000 })
// @ts-expect-error - the provider is made by a function; its name is not enough
createWebhook({ provider: 'whatsapp', dedup, handle: () => {} })
// @ts-expect-error - a signature cannot be verified without a secret
whatsapp({ verifyToken: 'token' })
// @ts-expect-error - a handshake cannot be answered without a token
whatsapp({ appSecret: 'secret' })
// @ts-expect-error - a secret is there when the delivery is: a promise of one verifies nothing
whatsapp({ appSecret: async () => 'secret', verifyToken: 'token' })
// @ts-expect-error - options of an unknown name
whatsapp({ ...secrets, secret: 'x' })

createWebhook<[Env]>({
  // @ts-expect-error - the environment has no such secret
  provider: whatsapp({ appSecret: (env) => env.APP_SECRET, verifyToken: 'token' }),
  dedup,
  // @ts-expect-error - there is one further argument
  handle: (update, { args: [env, ctx] }) => {},
})
createWebhook({
  provider: whatsapp(secrets),
  dedup,
  handle(update) {
    // @ts-expect-error - only a message is known to have a text: look at the kind first
    update.payload.text.body
    // @ts-expect-error - a kind that there is not
    if (update.kind === 'picture') return
    // @ts-expect-error - an update is not changed by the one who handles it
    update.key = 'm:1'
  },
  // @ts-expect-error - nobody holds a claim for what has no key
  onUnkeyed: (change, { attempt }) => {},
})
