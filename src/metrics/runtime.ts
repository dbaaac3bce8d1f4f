import { hasMethods, knownOptions, wholeAtLeast } from '../core/check.ts'
import type { Metrics, Sample } from '../core/metrics-port.ts'
import { eventLoopDelay } from './runtime-delay.ts'

/** How closely the event loop is watched. */
export interface RuntimeOptions {
  /** Node looks at its event loop once in so many milliseconds; fewer find shorter delays and cost more. @defaultValue 20 */
  readonly resolutionMs?: number
}

interface MemoryUsage {
  readonly rss?: unknown
  readonly heapUsed?: unknown
  readonly heapTotal?: unknown
  readonly external?: unknown
}

interface Platform {
  readonly process?: { readonly memoryUsage?: () => MemoryUsage; readonly uptime?: () => number } | undefined
  readonly Deno?: { readonly memoryUsage?: () => MemoryUsage } | undefined
}

const MEMORY: readonly (readonly [field: keyof MemoryUsage, metric: string, help: string])[] = [
  ['rss', 'process_resident_memory_bytes', 'Memory that the process holds'],
  ['heapUsed', 'process_heap_used_bytes', 'Heap in use'],
  ['heapTotal', 'process_heap_size_bytes', 'Heap taken from the system'],
  ['external', 'process_external_memory_bytes', 'Memory outside of the heap that objects hold'],
]

/**
 * Shows what the runtime says of the process: memory, uptime, and on Node by how much its event loop was late, as the
 * histogram `process_event_loop_delay_seconds`.
 *
 * All of it is read when the metrics are shown, and never in between. What a platform does not say is left out: a Worker
 * shows the uptime of its registry alone. The event loop is watched from the first time that the metrics are shown; its
 * delays only add up, so that no reader takes them away from another.
 *
 * @returns what ends it, also the watch over the event loop
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function collectRuntime(metrics: Metrics, options: RuntimeOptions = {}): () => void {
  hasMethods('metrics', metrics, 'addSource', 'uptimeMs')
  knownOptions(options, 'resolutionMs')
  const { resolutionMs = 20 } = options
  wholeAtLeast(1, 'resolutionMs', resolutionMs)
  const delay = eventLoopDelay(resolutionMs)

  const samples = (): Sample[] => [...memory(), uptime(metrics)]
  const read = (): object => Object.fromEntries(samples().map(({ name, value }) => [name, value]))
  // A name that `collect` refuses, so that no source of somebody else takes its place.
  const remove = metrics.addSource({ kind: 'custom', name: '', read, samples, families: () => delay.families() })
  return () => {
    remove()
    delay.end()
  }
}

/** A gauge without labels. */
function gaugeSample(name: string, help: string, value: number): Sample {
  return { type: 'gauge', name, help, labels: [], value }
}

function memory(): Sample[] {
  const usage = attempt(({ Deno, process }) => Deno?.memoryUsage?.() ?? process?.memoryUsage?.())
  // Nothing runs in no memory: platforms that only have the function say 0.
  return MEMORY.flatMap(([field, name, help]) => {
    const value = usage?.[field]
    return typeof value === 'number' && value > 0 ? [gaugeSample(name, help, value)] : []
  })
}

function uptime(metrics: Metrics): Sample {
  const ofRegistry = metrics.uptimeMs() / 1_000
  const seconds = attempt(({ process }) => process?.uptime?.())
  return gaugeSample('process_uptime_seconds', 'Time since the process began', seconds || ofRegistry)
}

/** What the platform says, if it does: some runtimes have a function and refuse to run it. */
function attempt<T>(ask: (platform: Platform) => T): T | undefined {
  const { process, Deno } = globalThis as Platform
  try {
    return ask({ process, Deno })
  } catch {
    return undefined
  }
}
