import type { BoundGauge, Gauge } from '../core/metrics-port.ts'
import { whenEnded } from '../core/promise.ts'
import type { Definition } from './definition.ts'
import { LABEL_TOO_MANY, instrumentOf, type Instrument, type InstrumentContext } from './instrument.ts'
import { SeriesTable } from './series-table.ts'

const NOT_FINITE = 'a gauge takes finite values'

/** A series is its own bound handle: the value stands in a field of it. */
class GaugeSeries implements BoundGauge, Gauge<[]> {
  value = 0
  readonly #misuse: (why: string) => void

  constructor(misuse: (why: string) => void) {
    this.#misuse = misuse
  }

  set(value: number, label?: unknown): void {
    if (this.#fits(value, label)) this.value = value
  }

  inc(label?: unknown): void {
    this.add(1, label)
  }

  dec(label?: unknown): void {
    this.add(-1, label)
  }

  add(step: number, label?: unknown): void {
    // The sum and not the step: two finite ones may be no number together. A bigint or a symbol would throw in it.
    const sum = typeof step === 'number' ? this.value + step : NaN
    if (this.#fits(sum, label)) this.value = sum
  }

  track<T>(work: () => T, label?: unknown): T {
    if (!this.#fits(1, label)) return work()
    this.value += 1
    const end = (): void => {
      this.value -= 1
    }
    return whenEnded(work, end, end)
  }

  with(label?: unknown): BoundGauge {
    this.#fits(0, label)
    return this
  }

  #fits(value: number, label: unknown): boolean {
    if (label === undefined && Number.isFinite(value)) return true
    this.#misuse(label === undefined ? NOT_FINITE : LABEL_TOO_MANY)
    return false
  }
}

class LabelledGauge implements Gauge {
  readonly #table: SeriesTable<GaugeSeries>
  readonly #misuse: (why: string) => void

  constructor(table: SeriesTable<GaugeSeries>, misuse: (why: string) => void) {
    this.#table = table
    this.#misuse = misuse
  }

  set(value: number, ...labels: readonly unknown[]): void {
    // Asked here, too: what is dropped must not leave a new series behind, whose 0 somebody would believe.
    if (Number.isFinite(value)) this.#table.find(labels).set(value)
    else this.#misuse(NOT_FINITE)
  }

  inc(...labels: readonly unknown[]): void {
    this.#table.find(labels).inc()
  }

  dec(...labels: readonly unknown[]): void {
    this.#table.find(labels).dec()
  }

  add(step: number, ...labels: readonly unknown[]): void {
    if (Number.isFinite(step)) this.#table.find(labels).add(step)
    else this.#misuse(NOT_FINITE)
  }

  track<T>(work: () => T, ...labels: readonly unknown[]): T {
    return this.#table.find(labels).track(work)
  }

  with(...labels: readonly unknown[]): BoundGauge {
    return this.#table.find(labels)
  }
}

/** Makes a gauge. */
export function gauge(definition: Definition, context: InstrumentContext): Instrument {
  const { name, help, labels, merge = 'sum' } = definition
  const create = (): GaugeSeries => new GaugeSeries(context.misuse)
  const table = new SeriesTable({ ...context, labels, create })
  const each = (visit: (values: readonly string[], value: number) => void): void =>
    table.each((values, { value }) => visit(values, value))
  const labelled = (): object => new LabelledGauge(table, context.misuse)
  const head = { type: 'gauge', merge, name, help } as const
  return instrumentOf(table, labelled, (columns) => ({ ...head, labels: columns, each }))
}
