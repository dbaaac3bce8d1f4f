import type { Clock } from '../../src/core/clock.ts'
import type { DedupStore } from '../../src/core/dedup-store.ts'
import { StoreUnavailable } from '../../src/core/errors.ts'
import type { Fact } from '../../src/core/fact.ts'
import { createHost } from '../../src/core/host.ts'
import { createDedup, memoryDedupStore, type Dedup, type StoreDedupOptions } from '../../src/dedup/index.ts'
import { manualClock, type ManualClock } from '../../src/testing/index.ts'
import { forever } from './dedup-probe.ts'

/**
 * What the network does to one call: it arrives and is answered; is lost; arrives, and its answer is lost; arrives late,
 * when nobody waits any more; is refused at once.
 */
export type Fate = 'well' | 'lost' | 'unheard' | 'late' | 'refused'

/** A process with a dedup of its own, that can be stopped, gone on with, and killed, on a clock that is moved by hand. */
export interface CrewMember {
  readonly dedup: Dedup
  readonly facts: Fact[]
  /** From now on, what becomes of each call to the store. */
  weather(fate: (method: keyof DedupStore) => Fate): void
  /** As SIGSTOP does: time goes on, and nothing that it waits for reaches it. */
  pause(): void
  resume(): Promise<void>
  /** As SIGKILL does. */
  kill(): void
  readonly alive: boolean
  /** What a handler of this process waits for, while it is not stopped. */
  here<T>(waited: Promise<T>): Promise<T>
}

export interface Crew {
  readonly clock: ManualClock
  member(options?: Partial<StoreDedupOptions>): CrewMember
  /** The store loses all that it knew. */
  forget(): void
  /** The keys that the store knows to be done, as they are stored. */
  readonly done: ReadonlySet<string>
  /** The claims as they are, without a process or a network in between. */
  readonly store: DedupStore
}

const LATE_MS = 1_300

/** Processes that share a store in memory. */
export function startCrew(): Crew {
  const clock = manualClock()
  const done = new Set<string>()
  const opened = (): DedupStore => {
    done.clear()
    const { completeMany, ...others } = memoryDedupStore({ clock })
    return {
      ...others,
      async completeMany(ends, options) {
        const kept = await completeMany(ends, options)
        ends.forEach(({ key, as }, at) => kept[at] === true && as === 'done' && done.add(key))
        return kept
      },
    }
  }
  let real = opened()
  const later = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve))
  const store = everyMethod((method) => (asked, options) => call(real, method)(asked, options))
  return {
    clock,
    store,
    forget: () => void (real = opened()),
    done,
    member(options = {}) {
      const process = new StoppableProcess(clock)
      const facts: Fact[] = []
      const host = createHost({ clock: process.clock, observe: (fact) => facts.push(fact) })
      let fateOf: (method: keyof DedupStore) => Fate = () => 'well'
      const remote = everyMethod((method) => async (asked, given) => {
        const fate = fateOf(method)
        if (fate === 'refused') throw new StoreUnavailable('connection refused')
        if (fate === 'lost') return process.here(forever())
        if (fate === 'late') await later(LATE_MS)
        const answer = call(real, method)(asked, given)
        return process.here(fate === 'unheard' ? answer.then(forever) : answer)
      })
      return {
        dedup: createDedup({ name: 'a', store: remote, host, leaseMs: 900, storeTimeoutMs: 200, ...options }),
        facts,
        weather: (next) => void (fateOf = next),
        pause: () => process.pause(),
        resume: () => process.resume(),
        kill: () => process.kill(),
        get alive() {
          return process.alive
        },
        here: (waited) => process.here(waited),
      }
    },
  }
}

type Call = (asked: readonly never[], options: never) => Promise<never>

const call = (store: DedupStore, method: keyof DedupStore): Call => store[method] as unknown as Call

function everyMethod(make: (method: keyof DedupStore) => Call): DedupStore {
  const methods = ['claimMany', 'beginMany', 'renewMany', 'completeMany', 'releaseMany', 'reviveMany'] as const
  return Object.fromEntries(methods.map((method) => [method, make(method)])) as unknown as DedupStore
}

class StoppableProcess {
  readonly clock: Clock
  alive = true
  #paused = false
  #due: (() => void)[] = []

  constructor(world: ManualClock) {
    const after = (ms: number, fire: () => void): (() => void) => {
      let cancelled = false
      const cancel = world.after(ms, () => this.#when(() => cancelled || fire()))
      return () => {
        cancelled = true
        cancel()
      }
    }
    this.clock = { now: () => world.now(), elapsed: () => world.elapsed(), after, whileAlive: after }
  }

  pause(): void {
    this.#paused = true
  }

  /** What came due meanwhile comes now, in its order. */
  async resume(): Promise<void> {
    this.#paused = false
    for (const fire of this.#due.splice(0)) {
      fire()
      await undefined
    }
  }

  kill(): void {
    this.alive = false
    this.#due = []
  }

  here<T>(waited: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      waited.then(
        (value) => this.#when(() => resolve(value)),
        (error: unknown) => this.#when(() => reject(error)),
      )
    })
  }

  #when(goOn: () => void): void {
    if (!this.alive) return
    if (this.#paused) this.#due.push(goOn)
    else goOn()
  }
}
