import type { Family, HistogramSnapshot } from '../core/metrics-port.ts'

/** What Node's `perf_hooks` gives; in nanoseconds. */
interface NodeHistogram {
  readonly count: number
  readonly mean: number
  readonly min: number
  readonly max: number
  percentile(percentile: number): number
  enable(): boolean
  disable(): boolean
  reset(): void
}

interface Platform {
  readonly process?: {
    readonly versions?: { readonly bun?: string }
    readonly getBuiltinModule?: (name: string) => unknown
  }
  readonly Deno?: unknown
}

/** By how much the event loop was late. */
export interface EventLoopDelay {
  /** One histogram; none where nobody watches. */
  families(): readonly Family[]
  /** No more is watched. */
  end(): void
}

/** In seconds. */
const BOUNDS: readonly number[] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const NANOS = 1e-9

/**
 * Watches the event loop, on Node, whose own timer does it and keeps no process alive. What that has seen is moved into
 * counts that only grow whenever somebody looks: so every reader sees every delay, however many there are.
 */
export function eventLoopDelay(resolutionMs: number): EventLoopDelay {
  const seen = new Seen(resolutionMs / 1_000)
  let watch: NodeHistogram | undefined
  let lookedUp = false

  return {
    families() {
      if (!lookedUp) {
        lookedUp = true
        watch = histogramOf(resolutionMs)
        watch?.enable()
      }
      if (watch === undefined) return []
      seen.take(watch)
      const snapshot = seen.snapshot()
      return [
        {
          type: 'histogram',
          name: 'process_event_loop_delay_seconds',
          help: 'By how much the event loop was late, each time that it was looked at',
          labels: [],
          buckets: BOUNDS,
          each: (visit) => visit([], snapshot),
        },
      ]
    },
    end() {
      watch?.disable()
      watch = undefined
      lookedUp = true
    },
  }
}

/** All delays so far, in seconds. */
class Seen {
  /** Node counts its own period in: a loop that is never late shows the resolution. */
  readonly #period: number
  readonly #counts: number[] = [...BOUNDS, Infinity].map(() => 0)
  #sum = 0
  #min = Infinity
  #max = 0

  constructor(period: number) {
    this.#period = period
  }

  /** Nothing is seen between the reading and the reset: both are in one turn of the very loop that is watched. */
  take(watch: NodeHistogram): void {
    const { count } = watch
    if (count === 0) return
    let below = 0
    for (const [at, bound] of BOUNDS.entries()) {
      const upTo = countUpTo((bound + this.#period) / NANOS, watch)
      this.#counts[at] = (this.#counts[at] ?? 0) + upTo - below
      below = upTo
    }
    this.#counts[BOUNDS.length] = (this.#counts[BOUNDS.length] ?? 0) + count - below
    const late = (nanos: number): number => Math.max(0, nanos * NANOS - this.#period)
    this.#sum += late(watch.mean) * count
    this.#min = Math.min(this.#min, late(watch.min))
    this.#max = Math.max(this.#max, late(watch.max))
    watch.reset()
  }

  snapshot(): HistogramSnapshot {
    const count = this.#counts.reduce((total, inside) => total + inside, 0)
    const min = count === 0 ? 0 : this.#min
    return { counts: [...this.#counts], count, sum: this.#sum, min, max: this.#max }
  }
}

/** How many of its values are not above so many nanoseconds: Node gives values by rank, and no counts. */
function countUpTo(nanos: number, watch: NodeHistogram): number {
  const { count } = watch
  if (watch.max <= nanos) return count
  if (watch.min > nanos) return 0
  let [low, high] = [0, count]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (watch.percentile((middle / count) * 100) <= nanos) low = middle
    else high = middle
  }
  return low
}

/** Not on Deno and Bun: theirs has the same face, and counts something else. */
function histogramOf(resolution: number): NodeHistogram | undefined {
  const { process, Deno } = globalThis as Platform
  if (Deno !== undefined || process?.versions?.bun !== undefined) return undefined
  try {
    const hooks = process?.getBuiltinModule?.('node:perf_hooks') as
      { monitorEventLoopDelay?: (options: { resolution: number }) => NodeHistogram } | undefined
    return hooks?.monitorEventLoopDelay?.({ resolution })
  } catch {
    return undefined
  }
}
