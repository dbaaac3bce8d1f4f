import type { Sketch, SketchBuckets } from '../core/metrics-port.ts'
import { SCALE, ZERO, type SketchIndex } from './sketch-index.ts'

const LARGEST_UINT32 = 2 ** 32 - 1

/** Neighbouring buckets, as many as were needed so far, with room in steps of 32. */
class Window {
  #offset = 0
  #counts: Uint32Array | Float64Array = new Uint32Array(0)

  add(bucket: number, times: number): void {
    const counts = this.#counts
    const at = bucket - this.#offset
    // Asked for before it is read: engines are slow to read beside an array.
    const count = at >= 0 && at < counts.length ? (counts[at] as number) + times : NaN
    if (count <= LARGEST_UINT32) counts[at] = count
    else this.#slowly(bucket, times)
  }

  /** The bucket lies outside, or its count has outgrown 32 bits. */
  #slowly(bucket: number, times: number): void {
    const old = this.#counts
    const begin = Math.floor(bucket / ROOM) * ROOM
    const first = old.length === 0 ? begin : Math.min(begin, this.#offset)
    const end = old.length === 0 ? begin + ROOM : Math.max(begin + ROOM, this.#offset + old.length)
    const outgrown = (old[bucket - this.#offset] ?? 0) + times > LARGEST_UINT32 || old instanceof Float64Array
    const counts = outgrown ? new Float64Array(end - first) : new Uint32Array(end - first)
    if (old.length > 0) counts.set(old, this.#offset - first)
    counts[bucket - first] = (counts[bucket - first] as number) + times
    this.#counts = counts
    this.#offset = first
  }

  snapshot(): SketchBuckets {
    // Plain loops: with the methods of typed arrays, a page of 250 routes took twice as long.
    const all = this.#counts
    let first = 0
    let end = all.length
    while (first < end && all[first] === 0) first += 1
    if (first === end) return { offset: 0, counts: [] }
    while (all[end - 1] === 0) end -= 1
    const counts = new Array<number>(end - first)
    for (let at = first; at < end; at += 1) counts[at - first] = all[at] as number
    return { offset: this.#offset + first, counts }
  }
}

const ROOM = 32

/**
 * Counts values in buckets of equal relative width: a base-2 exponential histogram of scale 5. It grows with the range
 * of its values, from 2 ** -30 to 2 ** 50 at most (10 kB, and as much for negative values): what is nearer to 0 counts
 * as 0, what is farther counts in the last bucket. Sketches are merged by adding their buckets.
 */
export class ValueSketch {
  readonly #index: SketchIndex
  readonly #positive = new Window()
  #negative: Window | undefined
  #zeroCount = 0

  constructor(index: SketchIndex) {
    this.#index = index
  }

  /** Counts a value `times` times. Its bits were read last; this is their high word. */
  add(value: number, high: number, times: number): void {
    const bucket = this.#index.of(high)
    if (bucket <= ZERO) this.#zeroCount += times
    else if (value > 0) this.#positive.add(bucket, times)
    else (this.#negative ??= new Window()).add(bucket, times)
  }

  snapshot(): Sketch {
    return {
      scale: SCALE,
      zeroCount: this.#zeroCount,
      positive: this.#positive.snapshot(),
      negative: this.#negative?.snapshot() ?? { offset: 0, counts: [] },
    }
  }
}
