/** Makes text of values for a store, and values of text. What it throws makes the entry a miss. */
export interface Codec<V> {
  /** Text that `decode` makes the same value of. */
  encode(value: V): string
  /** The value of a text that `encode` has made. */
  decode(text: string): V
}

/** JSON, with `undefined` as empty text. What JSON does not know (dates, maps, bytes) needs a codec of your own. */
export const json: Codec<unknown> = {
  // No JSON text is empty.
  encode: (value) => (value === undefined ? '' : JSON.stringify(value)),
  decode: (text): unknown => (text === '' ? undefined : JSON.parse(text)),
}

/**
 * A schema of any library that keeps to Standard Schema v1, so far as it is used here: https://standardschema.dev.
 */
export interface StandardSchema<V> {
  readonly '~standard': {
    readonly version: 1
    /** Looks at a value; never throws for one that does not fit. */
    readonly validate: (value: unknown) => StandardResult<V> | Promise<StandardResult<V>>
  }
}

/** What a schema made of a value: its output, or what is wrong with it. */
export type StandardResult<V> =
  { readonly value: V; readonly issues?: undefined } | { readonly issues: readonly object[] }
