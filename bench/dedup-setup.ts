/** Ours and `lru-cache`, both with a window, and the time in which they live. */
import { createHost, type Host } from '@easymo/perf'
import { LRUCache } from 'lru-cache'

export const WINDOW_MS = 30_000

/** A host on the clock of the platform, which can be set forward: nobody waits for a window to be over. */
export interface Hours {
  readonly host: Host
  /** For peers. */
  readonly now: () => number
  pass(windows: number): void
}

export function hours(): Hours {
  const { clock } = createHost()
  let passed = 0
  const elapsed = (): number => clock.elapsed() + passed
  return {
    host: createHost({ clock: { ...clock, elapsed } }),
    now: elapsed,
    pass(windows) {
      passed += windows * WINDOW_MS
    },
  }
}

/** Room for more than what comes in a window, or ids would be lost: for two, as much as ours holds. */
export const roomFor = (idsInWindow: number): number => 2 * idsInWindow

/**
 * `lru-cache` as people find duplicates with it. By default it remembers the time until a timer fires, so that a burst
 * costs it one look at the clock; a `ttlResolution` of 0 looks each time, as ours does.
 *
 * @param max - when it is full it drops the eldest ids, whose window need not be over
 */
export function lruCache(max: number, options: { readonly ttlResolution?: number } = {}): LRUCache<string, boolean> {
  return new LRUCache({ max, ttl: WINDOW_MS, ...options })
}
