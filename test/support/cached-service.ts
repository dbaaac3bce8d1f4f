import { createCache } from '../../src/cache/index.ts'
import { cacheMiddleware, type CachedResponse, type CacheMiddlewareOptions } from '../../src/http/index.ts'
import { manualClock, type ManualClock } from '../../src/testing/index.ts'
import { toldHost, type ToldHost } from './dedup-probe.ts'

type Answer = (request: Request) => Response | Promise<Response>

/** A handler behind the cache, on a clock that is moved by hand. */
export interface CachedService extends ToldHost {
  readonly clock: ManualClock
  /** What reached the handler. */
  readonly asked: Request[]
  /** What the handler answers from now on. */
  answers(answer: Answer): void
  send(path: string, init?: RequestInit): Promise<Response>
  /** A GET with these headers. */
  get(path: string, headers?: Record<string, string>): Promise<Response>
  /** `X-Cache` and the body, as one line: `HIT hello`. */
  line(path: string, headers?: Record<string, string>): Promise<string>
}

type Options = Partial<CacheMiddlewareOptions>

export const ORIGIN = 'https://shop.example'

/** A service that counts: its first answer is `1`, its second `2`; with these headers. */
export function cachedService(options: Options = {}, headers: Record<string, string> = {}): CachedService {
  const clock = manualClock()
  const { host, facts, told } = toldHost(clock)
  const cache = createCache<CachedResponse>({ host })
  const asked: Request[] = []
  let answer: Answer = () => new Response(String(asked.length), { headers })
  const handler = cacheMiddleware({ cache, ttlMs: 60_000, host, ...options })((request) => {
    asked.push(request)
    return answer(request)
  })
  const send = async (path: string, init?: RequestInit): Promise<Response> =>
    handler(new Request(`${ORIGIN}${path}`, init))
  return {
    clock,
    host,
    facts,
    told,
    asked,
    answers: (next) => void (answer = next),
    send,
    get: (path, wanted = {}) => send(path, { headers: wanted }),
    async line(path, wanted = {}) {
      const response = await send(path, { headers: wanted })
      return `${word(response)} ${await response.text()}`
    },
  }
}

/** What `X-Cache` says; `-` for what went past the cache. */
export const word = (response: Response): string => response.headers.get('x-cache') ?? '-'
