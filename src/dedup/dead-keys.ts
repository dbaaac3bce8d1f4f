import type { IdMemory } from './id-memory.ts'

/** Parked keys in memory, each until its retention is over. They are few, and can be taken back one by one. */
export class DeadKeys {
  readonly #memory: IdMemory
  readonly #until = new Map<string, number>()

  constructor(memory: IdMemory) {
    this.#memory = memory
  }

  get size(): number {
    return this.#until.size
  }

  has(key: string, now: number): boolean {
    if (this.#until.size === 0) return false
    const until = this.#until.get(this.#memory.nameOf(key))
    return until !== undefined && until > now
  }

  add(key: string, retentionMs: number, now: number): void {
    this.#forgetEldest(now)
    const name = this.#memory.kept(this.#memory.nameOf(key))
    this.#until.delete(name)
    this.#until.set(name, now + retentionMs)
  }

  delete(key: string): boolean {
    return this.#until.delete(this.#memory.nameOf(key))
  }

  #forgetEldest(now: number): void {
    for (const [name, until] of this.#until) {
      if (until > now) return
      this.#until.delete(name)
    }
  }
}
