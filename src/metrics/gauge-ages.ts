import type { Clock } from '../core/clock.ts'
import type { GaugeValue } from '../core/metrics-store.ts'

/** Knows since when every gauge has its value, and when a store was told all of them. */
export class GaugeAges {
  readonly #clock: Clock
  #since = new Map<string, readonly [value: number, since: number]>()
  #toldAt = -Infinity

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** All gauges, with their ages, when one of them has changed, or the store will soon forget them; else undefined. */
  changed(gauges: readonly GaugeValue[], ttlMs: number): GaugeValue[] | undefined {
    const now = this.#clock.elapsed()
    const before = this.#since
    this.#since = new Map()
    let isNew = before.size !== gauges.length
    const aged = gauges.map((gauge) => {
      const key = JSON.stringify([gauge.metric, gauge.series])
      const known = before.get(key)
      const entry = known?.[0] === gauge.value ? known : ([gauge.value, now] as const)
      this.#since.set(key, entry)
      isNew ||= entry !== known
      return { ...gauge, ageMs: now - entry[1] }
    })
    if (!isNew && (gauges.length === 0 || now - this.#toldAt < ttlMs / 2)) return undefined
    this.#toldAt = now
    return aged
  }
}
