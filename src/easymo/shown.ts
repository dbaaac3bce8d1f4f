import { createMetrics, collect, type CollectKind, type Metrics } from '../metrics/index.ts'
import { forget, hostOf, part, type Ask } from './options.ts'

interface Shown {
  readonly kind: CollectKind
  readonly name: string
  readonly read: () => unknown
  /** The registry that has it already. */
  in?: Metrics
}

const sources = (): Map<string, Shown> => new Map()

const registries = (option: Ask): Metrics => createMetrics({ host: hostOf(option) })

/** Has a room's stats shown among the metrics, without making a registry for it. */
export function show(kind: CollectKind, name: string, read: () => unknown): void {
  part(sources).set(`${kind} ${name}`, { kind, name, read })
}

/** The registry, for recording. */
export function registry(): Metrics {
  return part(registries)
}

/** The registry with the stats of all rooms in use, for whoever shows it. */
export function shownRegistry(): Metrics {
  const metrics = registry()
  for (const shown of part(sources).values())
    if (shown.in !== metrics) {
      collect(metrics, shown.kind, shown.name, shown.read)
      shown.in = metrics
    }
  return metrics
}

/** Lets the next recording begin with an empty registry. */
export function forgetRegistry(): void {
  forget(registries)
}

/** What `make` gives for the registry of the moment: once, and anew for another registry. */
export function forRegistry<T>(make: (metrics: Metrics) => T, current: () => Metrics = shownRegistry): () => T {
  let made: { readonly of: Metrics; readonly value: T } | undefined
  return () => {
    const metrics = current()
    if (made?.of !== metrics) made = { of: metrics, value: make(metrics) }
    return made.value
  }
}
