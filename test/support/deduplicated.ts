import { createDedup, memoryDedupStore, type Dedup } from '../../src/dedup/index.ts'
import { deduplicationMiddleware, type DeduplicatedHandler, type DeduplicationOptions } from '../../src/http/index.ts'
import { manualClock, type ManualClock } from '../../src/testing/index.ts'
import { probed, toldHost, type ProbedStore } from './dedup-probe.ts'

type Args = readonly unknown[]
type Answer = () => Response | Promise<Response>
type Given = Partial<DeduplicationOptions<{ ids: string[] }>> & { readonly onStoreError?: 'reject' | 'process' }

export interface Deduplicated extends Omit<ProbedStore, 'store'> {
  readonly clock: ManualClock
  readonly handler: DeduplicatedHandler<Args>
  /** What shares the claims, as another process would. */
  readonly other: Dedup
  /** The bodies that the handler was given, in order. */
  readonly handled: string[]
  /** Posts a delivery of these updates. */
  readonly post: (...ids: readonly string[]) => Promise<Response>
  /** What the handler answers from now on. */
  readonly answers: (answer: Answer) => void
}

/** A handler behind the middleware, on a clock that stands still, with a store that can be made to misbehave. */
export function deduplicated(given: Given = {}): Deduplicated {
  const { onStoreError = 'reject', ...options } = given
  const clock = manualClock()
  const { host } = toldHost(clock)
  const { store, ...probe } = probed(memoryDedupStore({ clock }))
  const make = (): Dedup => createDedup({ name: 'a', store, host, onStoreError })
  const handled: string[] = []
  let answer: Answer = () => new Response('handled')
  const handler = deduplicationMiddleware<{ ids: string[] }>({
    dedup: make(),
    name: 'door',
    keys: ({ ids }) => ids,
    host,
    ...options,
  })(async (request: Request, ..._: Args) => {
    handled.push(await request.text())
    return answer()
  })
  return {
    ...probe,
    clock,
    handler,
    other: make(),
    handled,
    post: async (...ids) => handler(posting(JSON.stringify({ ids }))),
    answers: (next) => void (answer = next),
  }
}

export function posting(body: BodyInit | null, headers: Record<string, string> = {}): Request {
  return new Request('https://example.test/hook?a=b', { method: 'POST', headers, body })
}

/** What a test looks at of an answer. */
export async function seen(answer: Promise<Response>): Promise<readonly [status: number, ...rest: unknown[]]> {
  const response = await answer
  const told = ['x-duplicate', 'retry-after'].flatMap((name) => response.headers.get(name) ?? [])
  return [response.status, await response.text(), ...told]
}

export const DUPLICATE = [200, '{"success":true,"duplicate":true}', 'true'] as const
export const busyFor = (seconds: number): readonly unknown[] => [503, '{"success":false,"error":"busy"}', `${seconds}`]
