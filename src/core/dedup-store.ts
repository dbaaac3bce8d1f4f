import type { StoreCallOptions } from './deadline.ts'

/**
 * What a claim met: won the right to work, met a finished update, a parked one, or somebody else's lease.
 *
 * A store that finds a claim in a format it does not know answers `leased`: what another version of this package wrote
 * is present, never a miss.
 */
export type Claimed =
  | {
      readonly status: 'won'
      /** How many runs of the update have begun and not succeeded, so far as the store was told. */
      readonly runs: number
      /**
       * How often a claim, this one included, found a lease that had run out: its owner died, stood still or was cut
       * off, perhaps before it began anything. A hint, which never counts as a run.
       */
      readonly expired: number
    }
  | { readonly status: 'done' }
  | { readonly status: 'dead' }
  | { readonly status: 'leased'; readonly leftMs: number }

/** How an update ended: its work succeeded, or it was parked. Both are remembered for the retention. */
export type Ending = 'done' | 'dead'

/** One key, and the token that proves whose claim it is. A token is used for one claim of a key, and never again. */
export interface Claim {
  readonly key: string
  readonly token: string
}

/** A claim to be prolonged. */
export interface Renewal extends Claim {
  /**
   * How far its run has come: not begun, when left out; begun; or begun, and the store was told so by `beginMany`. A run
   * that has begun takes its lease again when it was lost to nobody.
   */
  readonly begun?: boolean | 'written'
}

/** A claim whose update has ended. */
export interface End extends Claim {
  readonly as: Ending
  /** Writes `done` also where the token no longer owns the key, unless somebody else does. Of no meaning for `dead`. */
  readonly ifNobody?: boolean
}

/** A claim to be given back. */
export interface Release extends Claim {
  /** Whether its run had begun: then it counts as one. */
  readonly begun?: boolean
}

/**
 * Where claims live. All times are the store's own, so that workers whose clocks differ agree. Keys come without
 * repetition, as well-formed text without NUL; answers stand in the order of what was asked. Every method is one round
 * trip, and sets no deadline: `onGiveUp` says when nobody waits any more.
 *
 * Per key a store keeps the token and the lease, how many runs have begun (`runs`), how often a lease was found to have
 * run out (`expired`), and whether this token's begin is among the runs (*written*).
 *
 * Every method throws `StoreUnavailable` when the store cannot be reached and `StoreSetupError` when it is not set up.
 */
export interface DedupStore {
  /**
   * Claims what is absent, was given back, or has a lease that has run out; that last raises `expired`. A claim that
   * comes again under its own token, as a driver resends it after a reconnect, is won again.
   */
  claimMany(
    claims: readonly Claim[],
    options: StoreCallOptions & { readonly leaseMs: number },
  ): Promise<readonly Claimed[]>
  /** Counts a run that is about to begin, once for each token; `false` for what the token does not own any more. */
  beginMany(claims: readonly Claim[], options?: StoreCallOptions): Promise<readonly boolean[]>
  /**
   * Prolongs the leases that the tokens own, from now on; `false` for those that are lost. For a run that has begun it
   * also takes what is absent, has run out, or was given back by another token: the run goes on, so that nobody else may
   * begin one. Never what somebody else holds, what has ended, or what this token gave back itself.
   */
  renewMany(
    claims: readonly Renewal[],
    options: StoreCallOptions & { readonly leaseMs: number },
  ): Promise<readonly boolean[]>
  /**
   * Ends the claims that the tokens own; `false` for those that they do not. For what this token has ended so before, it
   * is `true` again where the store can tell, as shared ones do: a driver may send a call twice. With `ifNobody`, `done`
   * is also written where the key is absent, was given back, or has a lease that has run out; never over somebody else's
   * lease, over `dead`, or over an unknown format.
   */
  completeMany(
    ends: readonly End[],
    options: StoreCallOptions & { readonly retentionMs: number },
  ): Promise<readonly boolean[]>
  /**
   * Gives back the claims that the tokens own. Begun, they count as a run, unless their begin is written; not begun, a
   * written begin is taken back.
   */
  releaseMany(claims: readonly Release[], options?: StoreCallOptions): Promise<void>
  /** Forgets what is `dead`, and its counts with it, so that it can be claimed anew; `false` for everything else. */
  reviveMany(keys: readonly string[], options?: StoreCallOptions): Promise<readonly boolean[]>
}
