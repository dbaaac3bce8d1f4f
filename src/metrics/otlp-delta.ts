import type { Family, HistogramSnapshot, Sample } from '../core/metrics-port.ts'
import { snapshotSince } from '../core/snapshots.ts'
import type { Content } from './otlp-content.ts'

/**
 * Which numbers are since the last push and not since the start: none, all that add up, or (`lowmemory`) those of the
 * registry alone, and not what is read out of other rooms.
 *
 * Source: https://opentelemetry.io/docs/specs/otel/metrics/sdk_exporters/otlp/#additional-environment-variable-configuration
 */
export type Temporality = 'cumulative' | 'delta' | 'lowmemory'

export const TEMPORALITIES: readonly Temporality[] = ['cumulative', 'delta', 'lowmemory']

type Said = number | HistogramSnapshot

/** What has changed since an endpoint took the last push. */
export interface Changes {
  readonly content: Content
  /** When that was, in epoch milliseconds; undefined before the first. */
  readonly sinceMs: number | undefined
  /** To be called when the endpoint has taken it. */
  taken(atMs: number): void
}

/** Knows what one endpoint has taken of one registry. What it did not take is part of the next push. */
export class OtlpDeltas {
  #said: ReadonlyMap<string, Said> = new Map()
  #sinceMs: number | undefined
  /** The push under way: two at a time would both say the same. */
  #last: Promise<unknown> = Promise.resolve()

  /** Runs pushes one after another. */
  async inTurn<T>(push: () => Promise<T>): Promise<T> {
    const before = this.#last
    const turn = before.then(push, push)
    this.#last = turn.catch(() => undefined)
    return turn
  }

  /**
   * @param collected - whether what was collected is told as changes, too
   * @param whole - whether all that was counted before the first push is told with it; else it is where counting begins
   */
  changes(content: Content, { collected, whole }: { readonly collected: boolean; readonly whole: boolean }): Changes {
    const now = new Map<string, Said>()
    const isFirst = this.#sinceMs === undefined
    const before = (key: string, value: Said): Said | undefined => {
      now.set(key, value)
      return this.#said.get(key) ?? (isFirst && !whole ? value : undefined)
    }
    const families = content.families.map((family) => changed(family, before))
    const samples = Array.from(content.samples, ([name, group]) => [name, collected ? group.flatMap((one) => changedSample(one, before)) : group] as const) // prettier-ignore
    return {
      content: { families, samples: new Map(samples) },
      sinceMs: this.#sinceMs,
      taken: (atMs) => {
        this.#said = now
        this.#sinceMs = atMs
      },
    }
  }
}

type Before = (key: string, value: Said) => Said | undefined

/** A series that has not changed has no point; a new one has, also when it is 0. */
function changed(family: Family, before: Before): Family {
  if (family.type === 'gauge') return family
  const key = (values: readonly string[]): string => JSON.stringify([family.name, values])
  if (family.type === 'counter') {
    const each: typeof family.each = (visit) =>
      family.each((values, value) => {
        const step = stepTo(value, before(key(values), value) as number | undefined)
        if (step !== undefined) visit(values, step)
      })
    return { ...family, each }
  }
  const each: typeof family.each = (visit) =>
    family.each((values, series) => {
      const known = before(key(values), series) as HistogramSnapshot | undefined
      if (known === undefined) return visit(values, series)
      const since = snapshotSince(series, known, family.buckets)
      // The extremes of the time in between are not known, nor is a sum that values below 0 are in.
      if (since.count > 0) visit(values, { ...since, sum: series.min < 0 ? NaN : since.sum, min: NaN, max: NaN })
    })
  return { ...family, each }
}

function changedSample(sample: Sample, before: Before): Sample[] {
  if (sample.type === 'gauge') return [sample]
  const key = JSON.stringify([sample.name, [...sample.labels].sort()])
  const step = stepTo(sample.value, before(key, sample.value) as number | undefined)
  return step === undefined ? [] : [{ ...sample, value: step }]
}

/** A counter that went down has started anew. */
function stepTo(value: number, before: number | undefined): number | undefined {
  if (before === undefined || value < before) return value
  return value === before ? undefined : value - before
}
