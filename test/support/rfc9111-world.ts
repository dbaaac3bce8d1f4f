import type { RedisClient } from './redis-clients.ts'
import { createCache, createTieredCache, type CacheBus } from '../../src/cache/index.ts'
import type { Handler } from '../../src/core/handler.ts'
import { createHost, type Host } from '../../src/core/host.ts'
import {
  cachedResponseCodec,
  cacheMiddleware,
  type CachedResponse,
  type CacheMiddlewareOptions,
} from '../../src/http/index.ts'
import { redisCacheBus, redisCacheStore } from '../../src/redis/index.ts'
import { manualClock, type ManualClock } from '../../src/testing/index.ts'
import { ownName } from '../servers/index.ts'

/** When every case begins. */
export const NOW = Date.UTC(2026, 11, 1, 12)

/** What the handler answers; without a body, how often it was asked. */
export interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: BodyInit | null
}

/** One request, and what comes of it: `HIT 1` or, for another status than 200, `HIT 404 1`; `-` for what went past. */
export interface Step {
  readonly gives: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Below the address of the case. */
  readonly path?: string
  /** Milliseconds that pass before it. */
  readonly after?: number
  /** From now on. */
  readonly answer?: Answer | 'throws'
  /** Fields of the answer, `null` for none. */
  readonly shows?: Readonly<Record<string, string | null>>
  /** Done before it, by hand: a tag is invalidated. */
  readonly purges?: string
}

export interface Case {
  /** Of RFC 9111, where no other is named. */
  readonly section: string
  readonly says: string
  readonly options?: Partial<CacheMiddlewareOptions>
  readonly steps: readonly Step[]
  /** By one process throughout: the others do by themselves what it does here. */
  readonly inOneProcess?: true
}

type PageCache = ReturnType<typeof createCache<CachedResponse>> | ReturnType<typeof createTieredCache<CachedResponse>>

/** One process of several: what it shares with others, and how it hears of them. */
export interface Instance {
  readonly client: RedisClient['client']
  readonly bus: SharedBus
}

/** What `sharedBus` gives. */
export interface SharedBus extends CacheBus {
  heardAll(): Promise<void>
  end(): Promise<void>
}

/** One listener for many caches, and a word on when what was said before has been heard. */
export async function sharedBus(client: RedisClient['client'], channel: string): Promise<SharedBus> {
  const bus = redisCacheBus(client, { channel })
  const listeners = new Set<(message: string) => void>()
  const waiting = new Map<string, () => void>()
  const end = await bus.subscribe(
    (message) => {
      waiting.get(message)?.()
      for (const heard of listeners) heard(message)
    },
    () => undefined,
  )
  return {
    publish: (message) => bus.publish(message),
    subscribe(heard) {
      listeners.add(heard)
      return Promise.resolve(() => Promise.resolve(void listeners.delete(heard)))
    },
    end,
    async heardAll() {
      const marker = `marker ${ownName()}`
      const heard = new Promise<void>((resolve) => waiting.set(marker, resolve))
      await bus.publish(marker)
      await heard
      waiting.delete(marker)
    },
  }
}

/** The processes that a case runs in: one with its memory, or several before a shared store. */
export class World {
  readonly #clock: ManualClock = manualClock(NOW)
  readonly #id = ownName()
  readonly #hosts: Host[] = []
  readonly #caches: PageCache[] = []
  readonly #handlers: Handler[] = []
  readonly #prefix: string
  readonly #settled: () => Promise<unknown>
  #answer: Answer | 'throws' = {}
  #asked = 0

  constructor({ options = {} }: Case, instances: readonly Instance[] = [], prefix = '') {
    const count = Math.max(1, instances.length)
    this.#prefix = prefix
    for (let at = 0; at < count; at += 1) this.#start(options, instances[at])
    this.#settled = () => Promise.all(instances.map(({ bus }) => bus.heardAll()))
  }

  async run({ steps, inOneProcess }: Case): Promise<string[]> {
    for (const cache of this.#caches) await cache.get('subscribe')
    const seen: string[] = []
    for (const [at, step] of steps.entries()) {
      const place = inOneProcess === true ? 0 : at % this.#handlers.length
      seen.push(await this.#step(step, place))
    }
    return seen
  }

  #start(options: Partial<CacheMiddlewareOptions>, instance: Instance | undefined): void {
    const host = createHost({ clock: this.#clock })
    const cache: PageCache =
      instance === undefined
        ? createCache<CachedResponse>({ host })
        : createTieredCache<CachedResponse>({
            ...{ name: this.#id, codec: cachedResponseCodec, bus: instance.bus, host },
            store: redisCacheStore(instance.client, { prefix: this.#prefix }),
          })
    this.#hosts.push(host)
    this.#caches.push(cache)
    this.#handlers.push(cacheMiddleware({ cache, ttlMs: 60_000, host, ...options })(() => this.#answered()))
  }

  #answered(): Response {
    this.#asked += 1
    if (this.#answer === 'throws') throw new Error('the handler failed')
    const { status = 200, headers = {}, body = String(this.#asked) } = this.#answer
    return new Response([204, 304].includes(status) ? null : body, { status, headers })
  }

  async #step({ method = 'GET', headers = {}, path = '', ...step }: Step, place: number): Promise<string> {
    if (step.after !== undefined) await this.#clock.tick(step.after)
    if (step.answer !== undefined) this.#answer = step.answer
    if (step.purges !== undefined) await (this.#caches[place] as PageCache).invalidateTag(step.purges)
    const handler = this.#handlers[place] as Handler
    let shown: string
    try {
      const response = await handler(new Request(`https://shop.example/${this.#id}${path}`, { method, headers }))
      shown = `${lineOf(response)} ${await response.text()}`.trimEnd()
      for (const [name, value] of Object.entries(step.shows ?? {}))
        if (response.headers.get(name) !== value) shown += `, ${name}: ${String(response.headers.get(name))}`
    } catch (error) {
      shown = `threw ${(error as Error).message}`
    }
    await Promise.all(this.#hosts.map((host) => host.drain()))
    await this.#settled()
    return shown
  }
}

function lineOf({ headers, status }: Response): string {
  const word = headers.get('x-cache') ?? '-'
  return status === 200 ? word : `${word} ${status}`
}
