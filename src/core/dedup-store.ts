/**
 * What a claim met: won the right to work, met a finished update, a parked one, or somebody else's lease.
 *
 * A store that finds a claim in a format it does not know answers `leased`: what another version of this package wrote
 * is present, never a miss.
 */
export type Claim =
  | { readonly status: 'won'; readonly attempt: number }
  | { readonly status: 'done' }
  | { readonly status: 'dead' }
  | { readonly status: 'leased'; readonly leftMs: number }

/** How an update ended: its work succeeded, or it was parked. Both are remembered for the retention. */
export type Ending = 'done' | 'dead'

/**
 * Where claims live. All times are the store's own, so that workers whose clocks differ agree. Keys come without
 * repetition, as well-formed text without NUL; answers stand in the order of the keys.
 */
export interface DedupStore {
  /** One round trip for all keys. Counts the attempt of each claim that is won. */
  claimMany(keys: readonly string[], token: string, leaseMs: number): Promise<Claim[]>
  /** Prolongs the leases that `token` still owns; `false` for those it lost, `true` or `false` for those it ended. */
  renewMany(keys: readonly string[], token: string, leaseMs: number): Promise<boolean[]>
  /** Ends the claims that `token` still owns; `false` for those it lost, `true` or `false` for those it ended so before. */
  completeMany(
    keys: readonly string[],
    token: string,
    ending: { readonly as: Ending; readonly retentionMs: number },
  ): Promise<boolean[]>
  /** Gives back the claims that `token` still owns; the attempts stay counted. */
  releaseMany(keys: readonly string[], token: string): Promise<void>
}
