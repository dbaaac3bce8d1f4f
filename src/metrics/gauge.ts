import type { BoundGauge, Family, Gauge } from '../core/metrics-port.ts'
import type { Definition } from './definition.ts'
import { around, type InstrumentContext } from './instrument.ts'
import { SeriesTable } from './series-table.ts'

/** A series is its own bound handle: the value stands in a field of it. */
class GaugeSeries implements BoundGauge {
  value = 0
  readonly #misuse: (why: string) => void

  constructor(misuse: (why: string) => void) {
    this.#misuse = misuse
  }

  set(value: number): void {
    if (Number.isFinite(value)) this.value = value
    else this.#misuse('a gauge takes finite values')
  }

  inc(): void {
    this.value += 1
  }

  dec(): void {
    this.value -= 1
  }

  add(step: number): void {
    if (Number.isFinite(step)) this.value += step
    else this.#misuse('a gauge takes finite steps')
  }
}

/** A gauge, as the registry holds it: what the user records into, and what a scrape reads. */
export class GaugeInstrument implements Gauge {
  readonly family: Family
  readonly #table: SeriesTable<GaugeSeries>

  constructor({ name, help, labels }: Definition, context: InstrumentContext) {
    const create = (): GaugeSeries => new GaugeSeries(context.misuse)
    this.#table = new SeriesTable({ ...context, labels, create, sink: create() })
    this.family = {
      type: 'gauge',
      name,
      help,
      labels,
      each: (visit) => this.#table.each((values, series) => visit(values, series.value)),
    }
  }

  set(value: number, ...labels: readonly unknown[]): void {
    this.#table.find(labels).set(value)
  }

  inc(...labels: readonly unknown[]): void {
    this.#table.find(labels).value += 1
  }

  dec(...labels: readonly unknown[]): void {
    this.#table.find(labels).value -= 1
  }

  add(step: number, ...labels: readonly unknown[]): void {
    this.#table.find(labels).add(step)
  }

  track<T>(work: () => T, ...labels: readonly unknown[]): T {
    const series = this.#table.find(labels)
    series.value += 1
    return around(work, () => {
      series.value -= 1
    })
  }

  with(...labels: readonly unknown[]): BoundGauge {
    return this.#table.find(labels)
  }
}
