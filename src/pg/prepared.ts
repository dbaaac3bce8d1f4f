import type { PgPort } from './port.ts'
import type { PgQueryOptions } from './ask.ts'
import type { PgRow } from './drivers.ts'

export interface PreparedStatement {
  readonly text: string
  readonly values: readonly unknown[]
  readonly name: string
}

/**
 * What a prepared statement may meet that the same text does not: parameters of a type that its column has no more (22003,
 * 42883 and others of these classes), a result of another type (0A000), a pooler that knows nothing of it (26000, 42P05).
 */
const OUTDATED = /^(?:22...|42...|0A000|26000)$/
/** The transaction has failed, and takes no more statements. */
const IN_FAILED_TRANSACTION = '25P02'

/** So often a statement is prepared anew, under another name; then no more: something is in the way of it. */
const MOST_NAMES = 3

/** Puts statements as prepared ones, and those that are outdated again without, so that a changed column costs no query. */
export function preparing(
  port: PgPort,
): (statement: PreparedStatement, options: PgQueryOptions) => Promise<readonly PgRow[]> {
  /** How often each was found outdated. */
  const outdated = new Map<string, number>()
  return async ({ text, values, name }, options) => {
    const times = outdated.get(name) ?? 0
    if (times >= MOST_NAMES) return port.query(text, values, options)
    try {
      return await port.query(text, values, { ...options, name: times === 0 ? name : `${name}_${times}` })
    } catch (error) {
      if (!OUTDATED.test(stateOf(error))) throw error
      const rows = await port.query(text, values, options).catch((again: unknown) => {
        throw stateOf(again) === IN_FAILED_TRANSACTION ? error : again
      })
      // Only now is it known that the statement was to blame, and not its values.
      outdated.set(name, Math.max(times + 1, outdated.get(name) ?? 0))
      return rows
    }
  }
}

function stateOf(error: unknown): string {
  const { code, cause } = (error ?? {}) as { readonly code?: unknown; readonly cause?: { readonly code?: unknown } }
  return String(cause?.code ?? code)
}
