/** What the benchmarks of recording share: the metrics of a service, and the values that it measures. */
import { seeded } from './random.ts'

export const HELP = 'What was measured'

/** The bounds that `createMetrics` uses by default: twelve. */
export const BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const

/** The labels of eight metrics. Each one has names of its own, so that no library sees one shape of object only. */
export const METRICS: readonly (readonly [name: string, first: string, second: string])[] = [
  ['requests', 'method', 'status'],
  ['handlers', 'handler', 'outcome'],
  ['queries', 'operation', 'table'],
  ['calls', 'api', 'result'],
  ['messages', 'kind', 'direction'],
  ['jobs', 'queue', 'state'],
  ['lookups', 'cache', 'answer'],
  ['claims', 'source', 'verdict'],
]

const FIRST = ['GET', 'POST', 'PUT', 'DELETE'] as const
const SECOND = ['200', '201', '404', '500', '503'] as const

/** The label values of the twenty series of each metric. */
export const PAIRS: readonly (readonly [first: string, second: string])[] = FIRST.flatMap((first) =>
  SECOND.map((second) => [first, second] as const),
)

export const ROUTES = [
  '/webhook',
  '/metrics',
  '/health',
  '/users/:id',
  '/users/:id/orders',
  '/orders/:id',
  '/search',
  '/profile',
  '/login',
  '/logout',
] as const

const VALUES = 200_000

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** Seconds with a median of 40 ms and a long tail. */
export function lognormal(): Float64Array {
  const random = seeded(1)
  return Float64Array.from({ length: VALUES }, () => 0.04 * Math.exp(0.9 * normal(random)))
}

/** Seconds of answers from a cache, and of those that were not in it. */
export function bimodal(): Float64Array {
  const random = seeded(2)
  return Float64Array.from({ length: VALUES }, () =>
    random() < 0.7 ? 0.002 * Math.exp(0.25 * normal(random)) : 0.3 * Math.exp(0.3 * normal(random)),
  )
}

/** Gives the next `count` values on each call: so many different ones that no branch predictor learns them by heart. */
export function slices(values: Float64Array, count: number): () => Float64Array {
  let at = -count
  return () => {
    at = at + 2 * count <= values.length ? at + count : 0
    return values.subarray(at, at + count)
  }
}
