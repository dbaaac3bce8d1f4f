import type { Terms } from './history.ts'
import type { StoreKind } from './stores.ts'

/** What a worker is started with. */
export interface WorkerSetup extends Terms {
  readonly store: StoreKind
  readonly url: string
  /** Where it writes its history. */
  readonly folder: string
  /** So that what a handler does depends on the update alone. */
  readonly seed: number
  readonly storeTimeoutMs: number
  /** Updates whose handler takes longer than it may, at its first attempt. */
  readonly hangers: readonly string[]
  /** Updates that are one group each; the first of them takes longer than a lease, and the others wait for their turn. */
  readonly trains: readonly (readonly string[])[]
}

/** Where a worker ends itself by SIGKILL: at the so-manieth of these from now. */
export interface Doom {
  readonly at: 'start' | 'effect' | 'end'
  readonly after: number
}

/** What a worker is told. */
export type Order =
  | { readonly type: 'deliver'; readonly nr: number; readonly ids: readonly string[] }
  | { readonly type: 'doom'; readonly doom: Doom }

/**
 * What it says: that it may be sent deliveries; that the first update of a train has begun; and what became of each
 * delivery, without statuses when the store was out of reach.
 */
export type Report =
  | { readonly type: 'began'; readonly id: string }
  | { readonly type: 'ready' }
  | { readonly type: 'answered'; readonly nr: number; readonly statuses: readonly string[] | undefined }
