import type { HistogramSnapshot, Sketch, SketchBuckets } from '../core/metrics-port.ts'
import type { ShownSeries } from './aggregate-groups.ts'
import { SUM, ZEROS } from './amounts.ts'

type Parts = ReadonlyMap<string, number>

/** Reads the parts of a histogram of so many bounds. */
export function snapshotOf(series: ShownSeries, bounds: number, withSketch: boolean): HistogramSnapshot {
  const { parts, min, max } = series
  const counts = Array.from({ length: bounds + 1 }, (_, at) => parts.get(String(at)) ?? 0)
  const count = counts.reduce((total, inside) => total + inside, 0)
  const known = Number.isFinite(min) && Number.isFinite(max)
  return {
    counts,
    count,
    sum: parts.get(SUM) ?? 0,
    min: known ? min : 0,
    max: known ? max : 0,
    ...(withSketch && { sketch: sketchOf(parts) }),
  }
}

const BUCKET = /^([pn])(-?\d+):(-?\d+)$/

/** The sketch of all isolates. If they have several scales, it has the coarsest, which the others can be brought to. */
function sketchOf(parts: Parts): Sketch {
  const found = [...parts].flatMap(([part, count]) => {
    const [, sign, scale, index] = BUCKET.exec(part) ?? []
    return sign === undefined ? [] : [{ sign, scale: Number(scale), index: Number(index), count }]
  })
  const scale = found.reduce((coarsest, bucket) => Math.min(coarsest, bucket.scale), found[0]?.scale ?? 0)
  const side = (sign: string): SketchBuckets => {
    const counts = new Map<number, number>()
    for (const bucket of found)
      if (bucket.sign === sign) {
        // One step of scale less joins neighbours.
        const index = Math.floor(bucket.index / 2 ** (bucket.scale - scale))
        counts.set(index, (counts.get(index) ?? 0) + bucket.count)
      }
    return neighbours(counts)
  }
  return { scale, zeroCount: parts.get(ZEROS) ?? 0, positive: side('p'), negative: side('n') }
}

function neighbours(counts: ReadonlyMap<number, number>): SketchBuckets {
  if (counts.size === 0) return { offset: 0, counts: [] }
  const indexes = [...counts.keys()]
  const offset = Math.min(...indexes)
  const length = Math.max(...indexes) - offset + 1
  return { offset, counts: Array.from({ length }, (_, at) => counts.get(offset + at) ?? 0) }
}
