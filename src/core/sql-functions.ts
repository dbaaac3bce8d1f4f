import { sleep, systemClock } from './clock.ts'
import type { StoreCallOptions } from './deadline.ts'

/**
 * Calls a function of our migrations and gives what it returned, read as JSON. The arguments are named, in the order of
 * the parameters: texts, whole numbers, null, lists of texts, lists of objects.
 */
export type SqlFunctionCall<Name extends string> = (
  name: Name,
  args: Readonly<Record<string, unknown>>,
  options?: StoreCallOptions,
) => Promise<unknown>

/** A deadlock and a conflict of serializable transactions: the statement did nothing, and may succeed when repeated. */
const PASSING = new Set<unknown>(['40P01', '40001'])
/** The transaction has failed before, and takes no more statements. */
const IN_FAILED_TRANSACTION = '25P02'
const TRIES = 4
const PAUSE_MS = 10

/** Repeats a call that met a conflict which passes, a few times; everything else is thrown as it is, at once. */
export function repeatingConflicts<Name extends string>(call: SqlFunctionCall<Name>): SqlFunctionCall<Name> {
  return async (name, args, options = {}) => {
    let conflict: Error | undefined
    let over = false
    options.onGiveUp?.(() => (over = true))
    for (let tried = 1; ; tried += 1) {
      try {
        return await call(name, args, options)
      } catch (error) {
        const { code } = (error ?? {}) as { readonly code?: unknown }
        // A transaction of the caller's cannot be repeated here: the conflict that has ended it is for the caller.
        if (code === IN_FAILED_TRANSACTION && conflict !== undefined) throw conflict
        if (tried === TRIES || over || !PASSING.has(code)) throw error
        conflict = error as Error
        // Of random length, so that those who met do not meet again.
        await sleep(systemClock, PAUSE_MS * 2 ** tried * Math.random())
        if (over) throw error
      }
    }
  }
}
