import { createDedup, memoryDedupStore, type Dedup, type StoreDedupOptions } from '../../src/dedup/index.ts'
import { manualClock, type ManualClock } from '../../src/testing/index.ts'
import { probed, toldHost, unavailable, type ProbedStore, type ToldHost } from './dedup-probe.ts'

export const key = (update: string): string => update
export const ids = (count: number): string[] => Array.from({ length: count }, (_, at) => `m${at}`)

export const fails =
  (message = 'db down') =>
  (): never => {
    throw new Error(message)
  }

export interface StartedDedup extends ToldHost {
  readonly clock: ManualClock
  readonly dedup: Dedup
  /** Another process that shares the claims. */
  readonly other: Dedup
}

/** Where the claims of a dedup may live: the promises of `once` and `each` are the same. */
export const places: readonly (readonly [place: string, start: () => StartedDedup])[] = [
  [
    'in memory',
    () => {
      const clock = manualClock()
      const told = toldHost(clock)
      const dedup = createDedup({ host: told.host, windowMs: 600_000 })
      return { ...told, clock, dedup, other: dedup }
    },
  ],
  ['in a store', () => startWatched()],
]

export interface WatchedDedup extends StartedDedup, Omit<ProbedStore, 'store'> {
  /** Makes one more process that shares the claims; one that is `dying` renews nothing. */
  readonly make: (life?: 'dying') => Dedup
  /** Makes a handler, or a store, that takes so many milliseconds. */
  pause(ms: number): () => Promise<void>
}

/** Two dedups on one store that is watched, and can be made to misbehave. */
export function startWatched(options: Partial<StoreDedupOptions> = {}): WatchedDedup {
  const clock = manualClock()
  const { store, ...probe } = probed(memoryDedupStore({ clock }))
  const told = toldHost(clock)
  const dying = { ...store, renewMany: unavailable }
  const make = (life?: 'dying'): Dedup =>
    createDedup({ name: 'a', store: life === undefined ? store : dying, host: told.host, ...options })
  const pause = (ms: number) => (): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve))
  return { ...probe, ...told, clock, make, dedup: make(), other: make(), pause }
}
