/** One stored answer of a handler, as plain data: no stream and no `Response`, which die with their request on Workers. */
export interface StoredResponse {
  readonly status: number
  readonly statusText: string
  /** Without what belongs to one connection, to one user, or is written anew for each answer (`Age`, `X-Cache`). */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
  /** Which fields of the request it was chosen by, with their normalised values; `null` for one that was absent. */
  readonly vary: readonly (readonly [name: string, value: string | null])[]
  /** By which it can be purged, besides its address. */
  readonly tags: readonly string[]
  /** When it was received, in epoch milliseconds. */
  readonly storedAt: number
  /** How old it was by then, in milliseconds. */
  readonly ageMs: number
  /** Up to which age it is fresh, in milliseconds. */
  readonly freshMs: number
  /** How long after that it may be served while it is refreshed, in milliseconds. */
  readonly staleWhileRevalidateMs: number
  /** How long after that it may be served when the handler fails, in milliseconds. */
  readonly staleIfErrorMs: number
}

/** All that is stored under one address: its variants, the youngest first. The value type of the cache. */
export interface CachedResponse {
  readonly variants: readonly StoredResponse[]
}

/** About how many bytes of memory an entry takes: a `sizeOf` for a cache with `maxBytes`. */
export function cachedResponseSize(entry: CachedResponse): number {
  return entry.variants.reduce((total, { headers, body, tags }) => {
    const text = headers.reduce((sum, [name, value]) => sum + name.length + value.length + 64, 512)
    const tagged = tags.reduce((sum, tag) => sum + tag.length + 32, text)
    return total + tagged + body.byteLength
  }, 0)
}

/** Whether an answer can be made of it: a store whose codec is not ours gives back something else than bytes. */
export function isWhole(stored: Partial<StoredResponse> | null): boolean {
  return ArrayBuffer.isView(stored?.body) && [stored.headers, stored.vary, stored.tags].every(Array.isArray)
}

/** How old the response is now, in milliseconds; never negative, also when the clock was set back. */
export function ageOf({ ageMs, storedAt }: StoredResponse, now: number): number {
  return ageMs + Math.max(0, now - storedAt)
}

/** For how long it is worth keeping from now on: until it is neither fresh nor may be served stale. */
export function usableMs(stored: StoredResponse, now: number): number {
  const staleMs = Math.max(stored.staleWhileRevalidateMs, stored.staleIfErrorMs)
  return stored.freshMs + staleMs - ageOf(stored, now)
}

/** How late it is: below 0 it is fresh; from then on, how long it has been stale, in milliseconds. */
export function lateness(stored: StoredResponse, now: number): number {
  return ageOf(stored, now) - stored.freshMs
}
