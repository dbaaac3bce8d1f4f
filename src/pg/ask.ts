import type { OnGiveUp } from '../core/deadline.ts'
import { arrayText } from './array-text.ts'
import { isPglite, type PgClientLike, type PgliteLike } from './drivers.ts'

export interface PgQueryOptions {
  /** Prepares the statement under this name, once per connection. */
  readonly name?: string | undefined
  /**
   * Registers what to do when nobody waits for the answer any more: the server is asked to cancel the statement, and a
   * connection from a pool that is not free again a second later is ended.
   */
  readonly onGiveUp?: OnGiveUp | undefined
}

/** Puts one statement to a driver. */
export type Ask = (text: string, values: unknown[], options: PgQueryOptions) => PromiseLike<readonly unknown[]>

/** By a connection that is the caller's: nothing of it is cancelled or ended, because others may be using it. */
export function askConnection(client: PgClientLike | PgliteLike): Ask {
  return isPglite(client) ? askPglite(client) : askPg(client)
}

function askPg(client: PgClientLike): Ask {
  return async (text, values, { name }) =>
    (await client.query(name === undefined ? { text, values } : { text, values, name })).rows
}

/** PGlite writes nothing but booleans for one, and the order of a page is text. */
const BOOLEAN_AS_TEXT = { serializers: { 16: String } }

function askPglite(client: PgliteLike): Ask {
  // It knows how to write arrays of built-in types only; as text they fit every type.
  const written = (value: unknown): unknown => (Array.isArray(value) ? arrayText(value) : value)
  return async (text, values) => (await client.query(text, values.map(written), BOOLEAN_AS_TEXT)).rows
}
