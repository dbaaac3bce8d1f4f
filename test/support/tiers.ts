import type { CacheBus, CacheStore } from '../../src/core/cache-store.ts'
import { StoreSetupError, StoreUnavailable } from '../../src/core/errors.ts'
import {
  createTieredCache,
  memoryCacheStore,
  type TieredCache,
  type TieredCacheOptions,
} from '../../src/cache/index.ts'
import { manualClock, type ManualClock } from '../../src/testing/clock.ts'
import { finished, forever, toldHost, type ToldHost } from './dedup-probe.ts'

/**
 * What a store does: serve; serve as several slow connections do, which overtake each other; refuse at once; never answer;
 * do what it is told, and answer too late; say that it is not set up.
 */
export type Mood = 'up' | 'slow' | 'down' | 'hangs' | 'late' | 'unset'

/** A store whose mood a test sets, and what reached it. */
export interface MoodyStore {
  readonly store: CacheStore
  readonly calls: { readonly method: keyof CacheStore; readonly names: readonly string[] }[]
  mood: Mood
  count(method: keyof CacheStore): number
}

export function moody(real: CacheStore, clock: ManualClock, lateMs = 400): MoodyStore {
  const calls: { method: keyof CacheStore; names: readonly string[] }[] = []
  const passed = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve))
  const act = async <T>(call: () => Promise<T>): Promise<T> => {
    const { mood } = self
    if (mood === 'down') throw new StoreUnavailable('connection lost')
    if (mood === 'unset') throw new StoreSetupError('no such table')
    if (mood === 'hangs') return forever()
    if (mood === 'slow') await passed((calls.length * 37) % 110)
    const answer = await call()
    if (mood === 'slow') await passed((calls.length * 53) % 110)
    if (mood === 'late') await passed(lateMs)
    return answer
  }
  const told = <T>(method: keyof CacheStore, names: readonly string[], call: () => Promise<T>): Promise<T> => {
    calls.push({ method, names })
    return act(call)
  }
  const self: MoodyStore = {
    mood: 'up',
    calls,
    count: (method) => calls.filter((call) => call.method === method).length,
    store: {
      readMany: (keys, tags, options) => told('readMany', [...keys, ...tags], () => real.readMany(keys, tags, options)),
      writeMany: (writes, options) => told('writeMany', writes.map(({ key }) => key), () => real.writeMany(writes, options)), // prettier-ignore
      deleteMany: (keys, options) => told('deleteMany', keys, () => real.deleteMany(keys, options)),
      stampTags: (tags, options) => told('stampTags', tags, () => real.stampTags(tags, options)),
    },
  }
  return self
}

/** A bus in this process; what is published is heard when `deliver` is called, or at once. */
export interface HandBus extends CacheBus {
  readonly sent: string[]
  readonly listeners: { readonly heard: (message: string) => void; readonly gap: () => void }[]
  /** Gives everybody a message. */
  say(message: string): void
}

export function handBus(): HandBus {
  const sent: string[] = []
  const listeners: HandBus['listeners'] = []
  const say = (message: string): void => listeners.forEach(({ heard }) => heard(message))
  return {
    sent,
    listeners,
    say,
    publish(message) {
      sent.push(message)
      say(message)
      return Promise.resolve()
    },
    subscribe(heard, gap) {
      const listener = { heard, gap }
      listeners.push(listener)
      return Promise.resolve(() => {
        listeners.splice(listeners.indexOf(listener), 1)
        return Promise.resolve()
      })
    },
  }
}

type Options = Partial<TieredCacheOptions<unknown>>

/** Several processes, each with a connection of its own, and the store they share. */
export interface Tiers extends ToldHost {
  readonly clock: ManualClock
  readonly shared: CacheStore
  /** What the first process sees of the store. */
  readonly moody: MoodyStore
  process(options?: Options): TieredCache<unknown>
}

export function tiers(options: Options = {}): Tiers {
  const clock = manualClock()
  const host = toldHost(clock)
  const shared = memoryCacheStore({ clock })
  const watched = moody(shared, clock)
  return {
    ...host,
    clock,
    shared,
    moody: watched,
    process: (own) =>
      createTieredCache({ name: 'profile', ttlMs: 60_000, store: watched.store, host: host.host, ...options, ...own }),
  }
}

/** How long a call takes, by the manual clock. */
export async function tookMs(clock: ManualClock, call: () => Promise<unknown>): Promise<number> {
  const began = clock.elapsed()
  return finished(
    clock,
    call().then(() => clock.elapsed() - began),
  )
}
