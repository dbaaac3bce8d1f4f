import { openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** Something that a process did, or was told; an `id` is that of an update. */
export type Deed =
  /** The store granted a claim, the `attempt`th on this update. */
  | { readonly what: 'won'; readonly id: string; readonly token: string; readonly attempt: number }
  | { readonly what: 'start'; readonly id: string; readonly token: string }
  /** The handler did what must not be done twice. */
  | { readonly what: 'effect'; readonly id: string; readonly token: string }
  /** The store confirmed the end of a claim. */
  | { readonly what: 'kept'; readonly id: string; readonly token: string }
  /** The store refused it: somebody else owns the claim. */
  | { readonly what: 'refused'; readonly id: string; readonly token: string }
  /** A call of the store, begun at `since`, has failed, or took longer than it may. */
  | { readonly what: 'missed'; readonly since: number }
  /** What the sender was answered. */
  | { readonly what: 'told'; readonly id: string; readonly status: string }
  /** The last line of a process that ends itself by SIGKILL. */
  | { readonly what: 'dies' }
  /** The driver kills that process by SIGKILL. */
  | { readonly what: 'killed'; readonly victim: number }
  /** The driver made trouble between store and workers, from `since` until now. */
  | { readonly what: 'trouble'; readonly kind: string; readonly since: number }
  /** The updates that were sent. */
  | { readonly what: 'sent'; readonly ids: readonly string[] }
  /** Everything was answered as done while the store was well: from here on nothing is new. */
  | { readonly what: 'settled' }

/** A deed, when it was (on the one clock of the machine, in milliseconds), and by which process. */
export type Event = Deed & { readonly at: number; readonly pid: number }

/** The clock that all processes of the machine share, and that nobody sets. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6

/** Writes down what this process does, at once: what stands in the file survives the process. */
export function historian(folder: string): (deed: Deed) => void {
  const file = openSync(join(folder, `${process.pid}-${Math.floor(now())}.jsonl`), 'ax')
  return (deed) => void writeSync(file, `${JSON.stringify({ at: now(), pid: process.pid, ...deed })}\n`)
}

/** Everything that all processes have written down. */
export function readHistory(folder: string): Event[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl'))
  const lines = files.flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Event)
}
