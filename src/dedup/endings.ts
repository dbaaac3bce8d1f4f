import type { Clock } from '../core/clock.ts'
import type { Generations } from './generations.ts'
import type { IdMemory } from './id-memory.ts'

/** Ended keys, one set of generations per retention. */
export class Endings {
  /** A dedup uses one retention all its life; the contract allows several. */
  readonly #byRetention = new Map<number, Generations>()
  readonly #memory: IdMemory

  constructor(memory: IdMemory) {
    this.#memory = memory
  }

  has(key: string, now: number): boolean {
    for (const keys of this.#byRetention.values()) if (keys.has(key, now)) return true
    return false
  }

  add(key: string, retentionMs: number, now: number): void {
    let keys = this.#byRetention.get(retentionMs)
    if (keys === undefined) this.#byRetention.set(retentionMs, (keys = this.#memory.generations(retentionMs)))
    keys.add(key, now)
  }

  sizeAt(clock: Clock): number {
    let size = 0
    for (const keys of this.#byRetention.values()) size += keys.sizeAt(clock)
    return size
  }
}
