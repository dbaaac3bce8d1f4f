import { openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** One moment, by the clock that all processes of the machine share and nobody sets, and by the one on the wall. */
export interface Moment {
  readonly at: number
  readonly wall: number
}

/** An update, and the proof of whose claim of it this is. */
interface Own {
  readonly id: string
  readonly token: string
}

/** What is asked of the store, and what is agreed before anything is sent. */
export interface Terms {
  readonly leaseMs: number
  readonly handleTimeoutMs: number
  readonly maxAttempts: number
  /** Updates whose handler kills its process. */
  readonly killers: readonly string[]
}

/** Something that a process did, or was told; an `id` is that of an update. */
export type Deed =
  /** The store granted a claim that was sent at the moment `asked`, and told how many runs it knows of. */
  | (Own & { readonly what: 'won'; readonly runs: number; readonly expired: number; readonly asked: Moment })
  /** The store prolonged a lease, or let a run that goes on take it again. */
  | (Own & { readonly what: 'renewed'; readonly asked: Moment })
  /** The store said that the token owns the update no more. */
  | (Own & { readonly what: 'lost' })
  /** The store is asked to take the claim back. */
  | (Own & { readonly what: 'gave' })
  /** The store is asked to count a run that is about to begin. */
  | (Own & { readonly what: 'begin' })
  /** It has counted it. */
  | (Own & { readonly what: 'counted' })
  | (Own & { readonly what: 'start' })
  /** The handler did what must not be done twice. */
  | (Own & { readonly what: 'effect' })
  /** The update was put aside as one that cannot succeed. */
  | (Own & { readonly what: 'parked' })
  /** The store confirmed the end of a claim. */
  | (Own & { readonly what: 'kept'; readonly asked: Moment })
  /** The store refused it: somebody else owns the claim. */
  | (Own & { readonly what: 'refused' })
  /** A call of the store, begun at `since`, has failed, or was given up. */
  | { readonly what: 'missed'; readonly since: number }
  /** What the sender was answered. */
  | { readonly what: 'told'; readonly id: string; readonly status: string }
  /** The last line of a process that ends itself by SIGKILL. */
  | { readonly what: 'dies' }
  /** The driver kills that process by SIGKILL. */
  | { readonly what: 'killed'; readonly victim: number }
  /** The driver made trouble, from `since` until now; when there is a `victim`, for that process alone. */
  | { readonly what: 'trouble'; readonly kind: string; readonly since: number; readonly victim?: number }
  | ({ readonly what: 'terms' } & Terms)
  /** The updates that were sent. */
  | { readonly what: 'sent'; readonly ids: readonly string[] }
  /** Everything was answered as ended while the store was well: from here on nothing is new. */
  | { readonly what: 'settled' }

/** A deed, when it was, in milliseconds, and by which process. */
export type Event = Deed & Moment & { readonly pid: number }

/** The clock that all processes of the machine share, and that nobody sets. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6

export const moment = (): Moment => ({ at: now(), wall: Date.now() })

/** Writes down what this process does, at once: what stands in the file survives the process. */
export function historian(folder: string): (deed: Deed) => void {
  const file = openSync(join(folder, `${process.pid}-${Math.floor(now())}.jsonl`), 'ax')
  return (deed) => void writeSync(file, `${JSON.stringify({ ...moment(), pid: process.pid, ...deed })}\n`)
}

/** Everything that all processes have written down. */
export function readHistory(folder: string): Event[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl'))
  const lines = files.flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Event)
}
