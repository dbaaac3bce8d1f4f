import type { Clock } from '../core/clock.ts'
import { codeOf } from '../core/fact.ts'
import type { Host } from '../core/host.ts'
import type { Metrics } from '../core/metrics-port.ts'
import { REMEMBERED_MS, type MetricsFlush, type MetricsStore } from '../core/metrics-store.ts'
import { createSingleFlight, type SingleFlight } from '../core/single-flight.ts'
import { createStoreGuard, type StoreGuard } from '../core/store-guard.ts'
import { Deltas } from './delta.ts'

/** Before the store forgets the id, with an hour for what is on its way. */
const GIVEN_UP_MS = REMEMBERED_MS - 3_600_000
const WHAT = 'metrics store'

export interface SendOptions {
  readonly host: Host
  readonly timeoutMs: number
  readonly gaugeTtlMs: number
  readonly maxSeriesPerMetric: number
  readonly instance: string | undefined
}

/** The way to the store, by the host and the deadline of the call that began it. */
interface Line {
  readonly host: Host
  readonly timeoutMs: number
  readonly guard: StoreGuard
  readonly flights: SingleFlight<boolean>
}

/** A flush that has left, frozen with its id until it is known to have arrived. */
interface Frozen {
  readonly flush: MetricsFlush
  readonly ageMs: () => number
}

/** What one registry has for one store: what it was told, and what it may or may not have been told. */
export class Outbox {
  readonly #store: MetricsStore
  readonly #clock: Clock
  readonly #deltas: Deltas
  readonly #frozen = new Set<Frozen>()
  #line: Line | undefined
  #instance: string | undefined
  #failing = false
  #beganAt = -Infinity
  /** Calls so far, and how many of them everything was stored for. */
  #asked = 0
  #served = 0

  constructor(metrics: Metrics, store: MetricsStore) {
    this.#store = store
    this.#clock = metrics.clock
    this.#deltas = new Deltas(metrics)
  }

  /** Whether the last flush began so long ago. */
  due(everyMs: number): boolean {
    return this.#clock.elapsed() - this.#beganAt >= everyMs
  }

  /** Sends everything that was recorded up to now; `false` when something had to be given up. */
  async send(options: SendOptions): Promise<boolean> {
    this.#asked += 1
    const turn = this.#asked
    let whole = true
    // The flight under way may have begun before what this caller recorded: then it takes the next one.
    while (this.#served < turn) {
      const line = this.#lineOf(options)
      whole = await line.flights.run('flush', () => this.#flight(line, options))
    }
    return whole
  }

  #lineOf({ host, timeoutMs }: SendOptions): Line {
    const line = this.#line
    const same = line?.host === host && line.timeoutMs === timeoutMs
    if (line !== undefined && (same || line.flights.has('flush'))) return line
    const guard = createStoreGuard({ host, what: WHAT, timeoutMs })
    // Two calls of the store at most, each with the guard's deadline.
    const flights = createSingleFlight<boolean>({ host, what: WHAT, timeoutMs: timeoutMs * 3 })
    return (this.#line = { host, timeoutMs, guard, flights })
  }

  async #flight(line: Line, options: SendOptions): Promise<boolean> {
    this.#beganAt = this.#clock.elapsed()
    try {
      const whole = await this.#again(line)
      const turn = this.#asked
      const frozen = this.#freeze(options)
      if (frozen !== undefined) await this.#deliver(line, frozen)
      this.#served = Math.max(this.#served, turn)
      this.#failing = false
      return whole
    } catch (error) {
      if (!this.#failing) line.host.observe({ name: 'metrics.flush_failed', ...codeOf(error) })
      this.#failing = true
      throw error
    }
  }

  /** Sends again what may not have arrived; `false` when it is too old for that. */
  async #again(line: Line): Promise<boolean> {
    let whole = true
    for (const frozen of [...this.#frozen]) {
      if (frozen.ageMs() < GIVEN_UP_MS) await this.#deliver(line, frozen)
      else {
        whole = false
        this.#frozen.delete(frozen)
        line.host.observe({ name: 'metrics.flush_dropped', count: frozen.flush.series.length })
      }
    }
    return whole
  }

  async #deliver({ guard }: Line, frozen: Frozen): Promise<void> {
    await guard.run(({ onGiveUp }) => this.#store.add(frozen.flush, { onGiveUp }))
    this.#frozen.delete(frozen)
  }

  #freeze({ host, gaugeTtlMs, maxSeriesPerMetric, instance }: SendOptions): Frozen | undefined {
    const delta = this.#deltas.take(gaugeTtlMs)
    if (delta === undefined) return undefined
    const named = instance ?? (this.#instance ??= host.randomId())
    const flush = { id: host.randomId(), instance: JSON.stringify(named), ...delta, maxSeriesPerMetric, gaugeTtlMs }
    const clock = this.#clock
    const [epoch, passed] = [clock.now(), clock.elapsed()]
    // By both: one of them stands still while the machine sleeps, the other one may be set back.
    const frozen = { flush, ageMs: () => Math.max(clock.now() - epoch, clock.elapsed() - passed) }
    this.#frozen.add(frozen)
    return frozen
  }
}
