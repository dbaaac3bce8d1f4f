import type { HistogramSnapshot, MetricsView, SketchBuckets } from './metrics-port.ts'
import { snapshotSince } from './snapshots.ts'

/** What is recent. */
const RECENT_MS = 300_000
/** How far apart the marks are: so what is recent reaches back for half a minute more, or less. */
const STEP_MS = 60_000

/** All histograms as they stood at one moment, by metric and labels. */
interface Mark {
  readonly at: number
  readonly series: ReadonlyMap<string, ReadonlyMap<string, HistogramSnapshot>>
}

type Histograms = Extract<
  ReturnType<MetricsView['families']> extends Iterable<infer F> ? F : never,
  { type: 'histogram' }
>

/**
 * Knows what histograms have counted in the last five minutes: it notes how they stood, once a minute at most, and takes
 * that away from how they stand. A series that has not moved is not noted again. It holds seven notes at most; one of a
 * series with a sketch takes up to 2 kB.
 */
export class RecentHistograms {
  #marks: Mark[] = []

  /** To be called when somebody looks, and now and then in between: without a timer nobody else does it. */
  mark(metrics: MetricsView): void {
    const now = metrics.clock.elapsed()
    const last = this.#marks.at(-1)
    this.#forget(now)
    if (last !== undefined && now - last.at < STEP_MS) return
    const series = new Map<string, ReadonlyMap<string, HistogramSnapshot>>()
    for (const family of metrics.families())
      if (family.type === 'histogram') series.set(family.name, noted(family, last?.series.get(family.name)))
    this.#marks.push({ at: now, series })
  }

  /** The first mark is the one that is nearest to five minutes ago: after a silence that is the end of it. */
  #forget(now: number): void {
    const away = (mark: Mark | undefined): number => Math.abs((mark?.at ?? Infinity) - (now - RECENT_MS))
    while (this.#marks.length > 1 && away(this.#marks[1]) <= away(this.#marks[0])) this.#marks.shift()
  }

  /** How far back the recent reaches, in milliseconds: about five minutes, and less when nobody looked before. */
  reachMs(metrics: MetricsView): number {
    const [base] = this.#marks
    return base === undefined ? 0 : metrics.clock.elapsed() - base.at
  }

  /** What a series has counted since then, of its present state. */
  since(
    { name, buckets }: Pick<Histograms, 'name' | 'buckets'>,
    values: readonly string[],
    now: HistogramSnapshot,
  ): HistogramSnapshot {
    // prettier-ignore
    const before = this.#marks[0]?.series.get(name)?.get(keyOf(values))
    return before === undefined ? now : snapshotSince(now, before, buckets)
  }
}

const all = new WeakMap<MetricsView, RecentHistograms>()

/** The one of a registry. */
export function recentHistograms(metrics: MetricsView): RecentHistograms {
  const known = all.get(metrics) ?? new RecentHistograms()
  all.set(metrics, known)
  return known
}

function noted(
  family: Histograms,
  before: ReadonlyMap<string, HistogramSnapshot> | undefined,
): ReadonlyMap<string, HistogramSnapshot> {
  const found = new Map<string, HistogramSnapshot>()
  family.each((values, series) => {
    const key = keyOf(values)
    const known = before?.get(key)
    found.set(key, known?.count === series.count ? known : packed(series))
  })
  return found
}

/** In arrays of 4 bytes a number, where those are enough. */
function packed({ counts, sketch, ...numbers }: HistogramSnapshot): HistogramSnapshot {
  const buckets = ({ offset, counts }: SketchBuckets): SketchBuckets => ({ offset, counts: narrow(counts) })
  return {
    ...numbers,
    counts: narrow(counts),
    ...(sketch && { sketch: { ...sketch, positive: buckets(sketch.positive), negative: buckets(sketch.negative) } }),
  }
}

function narrow(counts: readonly number[]): readonly number[] {
  const fits = counts.every((count) => count < 2 ** 32)
  // Read by index and length alone, in which a typed array is an array.
  return fits ? (Uint32Array.from(counts) as unknown as readonly number[]) : counts
}

function keyOf(values: readonly string[]): string {
  return JSON.stringify(values)
}
