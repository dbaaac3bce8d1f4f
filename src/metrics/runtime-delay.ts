import type { Clock } from '../core/clock.ts'
import type { Sample } from '../core/metrics-port.ts'

/** What Node's `perf_hooks` gives; in nanoseconds. */
interface Histogram {
  readonly count: number
  readonly mean: number
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
  samples(): readonly Sample[]
  /** No more is watched. */
  end(): void
}

/** Readings within so many milliseconds are one: a page and a scrape must not take each other's delays away. */
const SAME_READING_MS = 5_000
const NANOS = 1e-9

/**
 * Watches the event loop, on Node. Each reading tells the delays since the reading before it, so that a long one is seen
 * once and does not stay for ever. Node's own timer does it, which keeps no process alive.
 */
export function eventLoopDelay(clock: Clock, resolutionMs: number): EventLoopDelay {
  let histogram: Histogram | undefined
  let lookedUp = false
  let shown: readonly Sample[] = []
  let readAt = 0

  function begin(): void {
    lookedUp = true
    histogram = histogramOf(resolutionMs)
    histogram?.enable()
    readAt = clock.elapsed()
  }

  return {
    samples() {
      if (!lookedUp) begin()
      if (histogram === undefined || histogram.count === 0) return shown
      if (shown.length > 0 && clock.elapsed() - readAt < SAME_READING_MS) return shown
      shown = samplesOf(histogram, resolutionMs)
      readAt = clock.elapsed()
      histogram.reset()
      return shown
    },
    end() {
      histogram?.disable()
      histogram = undefined
      lookedUp = true
      shown = []
    },
  }
}

function samplesOf(histogram: Histogram, resolutionMs: number): readonly Sample[] {
  // Node counts its own period in: a loop that is never late shows the resolution.
  const late = (nanos: number): number => Math.max(0, nanos * NANOS - resolutionMs / 1_000)
  const gauge = (word: string, help: string, nanos: number): Sample => ({
    type: 'gauge',
    name: `process_event_loop_delay_${word}_seconds`,
    help,
    labels: [],
    value: late(nanos),
  })
  return [
    gauge('mean', 'Mean delay of the event loop since the last scrape', histogram.mean),
    gauge(
      'p99',
      'Delay of the event loop that 99 % of all stayed within since the last scrape',
      histogram.percentile(99),
    ),
    gauge('max', 'Longest delay of the event loop since the last scrape', histogram.max),
  ]
}

/** Not on Deno and Bun: theirs has the same face, and counts something else. */
function histogramOf(resolution: number): Histogram | undefined {
  const { process, Deno } = globalThis as Platform
  if (Deno !== undefined || process?.versions?.bun !== undefined) return undefined
  try {
    const hooks = process?.getBuiltinModule?.('node:perf_hooks') as
      { monitorEventLoopDelay?: (options: { resolution: number }) => Histogram } | undefined
    return hooks?.monitorEventLoopDelay?.({ resolution })
  } catch {
    return undefined
  }
}
