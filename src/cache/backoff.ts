/** Which keys to leave alone for a while because loading them failed. Holds failing keys only. */
export interface Backoff {
  failed(key: string, now: number): void
  succeeded(key: string): void
  /** True while the key is left alone. */
  pauses(key: string, now: number): boolean
  clear(): void
}

const FIRST_MS = 1_000
const LONGEST_MS = 30_000
/** Failing keys that are remembered; beyond it the eldest is tried again early, which costs one load. */
const MOST_KEYS = 1_000

/** Doubles the pause at each failure in a row, from 1 s to 30 s. */
export function createBackoff(): Backoff {
  const failing = new Map<string, { readonly until: number; readonly pauseMs: number }>()
  return {
    failed(key, now) {
      const before = failing.get(key)
      const pauseMs = before === undefined ? FIRST_MS : Math.min(before.pauseMs * 2, LONGEST_MS)
      if (before === undefined && failing.size >= MOST_KEYS) {
        const [eldest] = failing.keys()
        if (eldest !== undefined) failing.delete(eldest)
      }
      failing.set(key, { until: now + pauseMs, pauseMs })
    },
    succeeded(key) {
      if (failing.size > 0) failing.delete(key)
    },
    pauses: (key, now) => failing.size > 0 && now < (failing.get(key)?.until ?? -Infinity),
    clear: () => failing.clear(),
  }
}
