import type { BoundCounter, Counter, Family } from '../core/metrics-port.ts'
import type { Definition } from './definition.ts'
import { SeriesTable } from './series-table.ts'
import type { InstrumentContext } from './instrument.ts'

/** A series is its own bound handle: what is counted stands in a field of it. */
class CounterSeries implements BoundCounter {
  value = 0
  readonly #misuse: (why: string) => void

  constructor(misuse: (why: string) => void) {
    this.#misuse = misuse
  }

  inc(): void {
    this.value += 1
  }

  add(step: number): void {
    if (Number.isFinite(step) && step >= 0) this.value += step
    else this.#misuse('a counter takes finite steps that are not negative')
  }
}

/** A counter, as the registry holds it: what the user records into, and what a scrape reads. */
export class CounterInstrument implements Counter {
  readonly family: Family
  readonly #table: SeriesTable<CounterSeries>

  constructor({ name, help, labels }: Definition, context: InstrumentContext) {
    const create = (): CounterSeries => new CounterSeries(context.misuse)
    this.#table = new SeriesTable({ ...context, labels, create, sink: create() })
    this.family = {
      type: 'counter',
      name,
      help,
      labels,
      each: (visit) => this.#table.each((values, series) => visit(values, series.value)),
    }
  }

  inc(...labels: readonly unknown[]): void {
    this.#table.find(labels).value += 1
  }

  add(step: number, ...labels: readonly unknown[]): void {
    this.#table.find(labels).add(step)
  }

  with(...labels: readonly unknown[]): BoundCounter {
    return this.#table.find(labels)
  }
}
