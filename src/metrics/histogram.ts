import type { BoundHistogram, Histogram, HistogramSnapshot } from '../core/metrics-port.ts'
import { BucketIndex } from './bucket-index.ts'
import type { Definition } from './definition.ts'
import { DoubleBits } from './double-bits.ts'
import { HistogramSeries, quantileOf, type HistogramShape } from './histogram-series.ts'
import { instrumentOf, type Instrument, type InstrumentContext } from './instrument.ts'
import { SeriesTable } from './series-table.ts'
import { SketchIndex } from './sketch-index.ts'
import { createPlaces } from './slots.ts'

/** Sketches are large, so a metric has fewer of them. */
const MOST_SKETCHES = 256

class LabelledHistogram implements Histogram {
  readonly #table: SeriesTable<HistogramSeries>
  readonly #shape: HistogramShape

  constructor(table: SeriesTable<HistogramSeries>, shape: HistogramShape) {
    this.#table = table
    this.#shape = shape
  }

  observe(value: number, ...labels: readonly unknown[]): void {
    this.#table.find(labels).observe(value)
  }

  startTimer(...labels: readonly unknown[]): () => number {
    return this.#table.find(labels).startTimer()
  }

  time<T>(work: () => T, ...labels: readonly unknown[]): T {
    return this.#table.find(labels).time(work)
  }

  quantile(q: number, ...labels: readonly unknown[]): number {
    return quantileOf(q, this.#shape, this.#table.peek(labels))
  }

  with(...labels: readonly unknown[]): BoundHistogram {
    return this.#table.find(labels)
  }
}

/** Makes a histogram. */
export function histogram(definition: Definition, context: InstrumentContext): Instrument {
  const { name, help, labels, buckets = [], quantiles = false } = definition
  const { clock, misuse } = context
  const bits = new DoubleBits()
  const sketchIndex = quantiles ? new SketchIndex(bits) : undefined
  const shape = { clock, misuse, bits, buckets: new BucketIndex(buckets, bits), sketchIndex }
  const takeSlots = createPlaces(buckets.length + 4, labels.length === 0 ? 1 : 16)
  const maxSeries = quantiles ? Math.min(context.maxSeries, MOST_SKETCHES) : context.maxSeries
  const create = (): HistogramSeries => new HistogramSeries(shape, takeSlots())
  const table = new SeriesTable({ ...context, maxSeries, labels, create })
  const each = (visit: (values: readonly string[], value: HistogramSnapshot) => void): void =>
    table.each((values, series) => visit(values, series.snapshot()))
  const labelled = (): object => new LabelledHistogram(table, shape)
  const head = { type: 'histogram', name, help, buckets } as const
  return instrumentOf(table, labelled, (columns) => ({ ...head, labels: columns, each }))
}
