import { StoreUnavailable } from '../../src/core/errors.ts'
import type { MetricsFlush, MetricsStore } from '../../src/core/metrics-store.ts'

/** What becomes of a flush on its way. */
export type Way =
  | 'arrives'
  /** It was applied, and nobody heard of it. */
  | 'answer lost'
  /** It never arrived, and nobody knows. */
  | 'request lost'
  /** It is frozen: no answer ever. */
  | 'silence'

export interface ProbedMetricsStore extends MetricsStore {
  /** Every flush that was sent. */
  readonly sent: MetricsFlush[]
  /** From now on. */
  way: Way
}

/** A store whose answers can be lost. */
export function probedMetrics(real: MetricsStore): ProbedMetricsStore {
  const probe: ProbedMetricsStore = {
    sent: [],
    way: 'arrives',
    read: (options) => real.read(options),
    async add(flush, options) {
      probe.sent.push(flush)
      if (probe.way === 'silence') return new Promise(() => undefined)
      const applied = probe.way === 'request lost' ? false : await real.add(flush, options)
      if (probe.way !== 'arrives') throw new StoreUnavailable('connection lost')
      return applied
    },
  }
  return probe
}
