import { createMetrics, collect, collectRuntime, type CollectKind, type Metrics } from '../metrics/index.ts'
import { trackers, type Trackers } from '../http/index.ts'
import { DynamicMetrics } from './dynamic-metrics.ts'
import { forget, hostOf, part, type Ask } from './options.ts'
import { merged } from './merged-stats.ts'
import { adoptWork } from './work-metrics.ts'
import { currentService } from './service.ts'

/** What is shown of a room, by each bundle that has one of that name. */
type Readers = Map<object, () => unknown>

/**
 * What all bundles of this package in one process have together: whoever records first makes it. What works on the
 * registry is kept beside it, because another bundle has classes and private tables of its own.
 */
interface Shared {
  readonly owner: object
  readonly metrics: Metrics
  readonly dynamic: DynamicMetrics
  readonly tracked: Trackers
  readonly readers: Map<string, Readers>
  readonly collect: typeof collect
  readonly end: () => void
}

/** The number changes with the shape: two that do not understand each other keep to themselves. */
const PLACE = Symbol.for('@easymo/perf/easymo 1')
const common = globalThis as { [PLACE]?: Shared | undefined }

/** This bundle, among all that are loaded. */
const owner = {}

const sources = (): Map<string, { kind: CollectKind; name: string; read: () => unknown }> => new Map()

function registries(option: Ask): Shared {
  const service = currentService()
  const metrics = createMetrics({
    host: hostOf(option),
    ...(service === undefined ? {} : { defaultLabels: { service } }),
  })
  const dynamic = new DynamicMetrics(metrics)
  const tracked = trackers(metrics)
  adoptWork(dynamic)
  const end = collectRuntime(metrics)
  common[PLACE]?.end()
  return (common[PLACE] = { owner, metrics, dynamic, tracked, readers: new Map(), collect, end })
}

/** The one of this process: another bundle's, where it was there first. */
function shared(): Shared {
  const there = common[PLACE]
  if (there !== undefined && there.owner !== owner) return there
  // Another bundle has begun anew.
  if (there === undefined) forget(registries)
  return part(registries)
}

/** Has a room's stats shown among the metrics, without making a registry for it. */
export function show(kind: CollectKind, name: string, read: () => unknown): void {
  part(sources).set(`${kind} ${name}`, { kind, name, read })
}

/** The registry, for recording. */
export const registry = (): Metrics => shared().metrics

/** What records under any name and labels. */
export const dynamicMetrics = (): DynamicMetrics => shared().dynamic

/** What records requests and cold starts. */
export const tracked = (): Trackers => shared().tracked

/** The registry with the stats of all rooms in use, for whoever shows it. */
export function shownRegistry(): Metrics {
  const { metrics, readers, collect: collectHere } = shared()
  for (const [key, { kind, name, read }] of part(sources)) {
    const known = readers.get(key)
    if (known !== undefined) {
      known.set(owner, read)
      continue
    }
    const all: Readers = new Map([[owner, read]])
    readers.set(key, all)
    collectHere(metrics, kind, name, () => merged([...all.values()].map((one) => one())))
  }
  return metrics
}

/** Lets the next recording begin with an empty registry. */
export function forgetRegistry(): void {
  common[PLACE]?.end()
  common[PLACE] = undefined
  forget(registries)
}

/** What `make` gives for the registry of the moment: once, and anew for another registry. */
export function forRegistry<T>(make: (metrics: Metrics) => T): () => T {
  let made: { readonly of: Metrics; readonly value: T } | undefined
  return () => {
    const metrics = registry()
    if (made?.of !== metrics) made = { of: metrics, value: make(metrics) }
    return made.value
  }
}
