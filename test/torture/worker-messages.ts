import type { StoreKind } from './stores.ts'

/** What a worker is started with. */
export interface WorkerSetup {
  readonly store: StoreKind
  readonly url: string
  /** Where it writes its history. */
  readonly folder: string
  /** So that what a handler does depends on the update alone. */
  readonly seed: number
  readonly leaseMs: number
  readonly storeTimeoutMs: number
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

/** What it says: that it may be sent deliveries, and what became of each; no statuses when the store was out of reach. */
export type Report =
  | { readonly type: 'ready' }
  | { readonly type: 'answered'; readonly nr: number; readonly statuses: readonly string[] | undefined }
