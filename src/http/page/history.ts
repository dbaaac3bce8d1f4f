import type { Reading } from './reading.ts'

/** Rates are averages over so many milliseconds before a point: short enough to move, long enough to be calm. */
const WINDOW_MS = 15_000
/** What is older is forgotten. */
const KEPT_MS = 300_000
/** Between points that are further apart no line is drawn: nobody looked. */
const GAP_MS = 12_000
/** A process started when its timestamp minus its uptime says; further apart than this, it is another process. */
const SAME_START_MS = 2_000

/** One reading, with the one that its rates are computed against. */
export interface Point {
  readonly now: Reading
  /** An earlier reading of the same process; undefined for the first one. */
  readonly before: Reading | undefined
  /** No line leads here from the point before. */
  readonly apart: boolean
  /** The process has restarted, or another isolate has answered: its counters do not go on from those before. */
  readonly restarted: boolean
}

/** The readings of the last minutes, the newest last. */
export class History {
  readonly #points: Point[] = []

  get points(): readonly Point[] {
    return this.#points
  }

  get newest(): Point | undefined {
    return this.#points.at(-1)
  }

  /** Takes a reading in; one that was rendered for somebody else and is known already changes nothing. */
  add(now: Reading): void {
    const last = this.newest?.now
    if (last !== undefined && last.at === now.at && last.uptime === now.uptime) return
    const restarted = last !== undefined && !follows(now, last)
    this.#points.push({
      now,
      before: restarted ? undefined : this.#baseOf(now),
      apart: last === undefined || restarted || now.at - last.at > GAP_MS,
      restarted,
    })
    while ((this.#points[0]?.now.at ?? now.at) < now.at - KEPT_MS) this.#points.shift()
  }

  /** The oldest reading of this process within the window, or else the last one before it. */
  #baseOf(now: Reading): Reading | undefined {
    let base: Reading | undefined
    for (let index = this.#points.length - 1; index >= 0; index -= 1) {
      const point = this.#points[index]
      if (point === undefined || (base !== undefined && now.uptime - point.now.uptime > WINDOW_MS)) break
      base = point.now
      if (point.restarted) break
    }
    return base
  }
}

/** Whether a reading comes from the process that gave the last one, and later. */
function follows(now: Reading, last: Reading): boolean {
  const startsApart = Math.abs(now.at - now.uptime - (last.at - last.uptime))
  return now.uptime > last.uptime && startsApart <= SAME_START_MS && now.all.requests >= last.all.requests
}

/** How much a counter has grown, never negative: one that is smaller than before has started anew. */
export function increase(now: number, before: number): number {
  return now < before ? now : now - before
}

/** How fast a counter grows, per second, over the window of a point; undefined while there is nothing to compare with. */
export function perSecond({ now, before }: Point, count: (reading: Reading) => number): number | undefined {
  if (before === undefined) return undefined
  return increase(count(now), count(before)) / ((now.uptime - before.uptime) / 1_000)
}

/** Part by whole over the window of a point; undefined when nothing was counted in it. */
export function share(
  { now, before }: Point,
  part: (reading: Reading) => number,
  whole: (reading: Reading) => number,
): number | undefined {
  if (before === undefined) return undefined
  const all = increase(whole(now), whole(before))
  return all === 0 ? undefined : Math.min(increase(part(now), part(before)), all) / all
}
