import type { BoundCounter, Counter } from '../core/metrics-port.ts'
import type { Definition } from './definition.ts'
import { LABEL_TOO_MANY, instrumentOf, type Instrument, type InstrumentContext } from './instrument.ts'
import { SeriesTable } from './series-table.ts'

/** A series is its own bound handle: what is counted stands in a field of it. */
class CounterSeries implements BoundCounter, Counter<[]> {
  value = 0
  readonly #misuse: (why: string) => void

  constructor(misuse: (why: string) => void) {
    this.#misuse = misuse
  }

  inc(label?: unknown): void {
    if (label === undefined) this.value += 1
    else this.#misuse(LABEL_TOO_MANY)
  }

  add(step: number, label?: unknown): void {
    if (label !== undefined) return this.#misuse(LABEL_TOO_MANY)
    // By type, because a bigint or a symbol would throw in the addition.
    const sum = typeof step === 'number' && step >= 0 ? this.value + step : NaN
    if (Number.isFinite(sum)) this.value = sum
    else this.#misuse('a counter takes finite steps that are not negative')
  }

  with(label?: unknown): BoundCounter {
    if (label !== undefined) this.#misuse(LABEL_TOO_MANY)
    return this
  }
}

class LabelledCounter implements Counter {
  readonly #table: SeriesTable<CounterSeries>

  constructor(table: SeriesTable<CounterSeries>) {
    this.#table = table
  }

  inc(...labels: readonly unknown[]): void {
    this.#table.find(labels).inc()
  }

  add(step: number, ...labels: readonly unknown[]): void {
    this.#table.find(labels).add(step)
  }

  with(...labels: readonly unknown[]): BoundCounter {
    return this.#table.find(labels)
  }
}

/** Makes a counter. */
export function counter({ name, help, labels }: Definition, context: InstrumentContext): Instrument {
  const create = (): CounterSeries => new CounterSeries(context.misuse)
  const table = new SeriesTable({ ...context, labels, create })
  const each = (visit: (values: readonly string[], value: number) => void): void =>
    table.each((values, { value }) => visit(values, value))
  const labelled = (): object => new LabelledCounter(table)
  const head = { type: 'counter', name, help } as const
  return instrumentOf(table, labelled, (columns) => ({ ...head, labels: columns, each }))
}
