import type { MetricsStore } from '../core/metrics-store.ts'
import type { MetricsView } from '../core/metrics-port.ts'

const origins = new WeakMap<MetricsView, MetricsStore>()

/** Remembers which store a view was read from: each reading is another view of the same. */
export function readFrom(store: MetricsStore, view: MetricsView): MetricsView {
  origins.set(view, store)
  return view
}

/** What stays the same from reading to reading: the store, or the registry itself. */
export function originOf(view: MetricsView): object {
  return origins.get(view) ?? view
}
