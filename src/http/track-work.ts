import { whenEnded } from '../core/promise.ts'

/** How a piece of work ended. A label. */
export type Outcome = 'ok' | 'error'

/**
 * Runs `work` once, and says how it ended: at once, or when its promise has settled.
 *
 * @param judge - how a value counts that `work` gave
 */
export function watched<T>(work: () => T, judge: (value: unknown) => Outcome, ended: (outcome: Outcome) => void): T {
  return whenEnded(
    work,
    (value) => ended(judge(value)),
    () => ended('error'),
  )
}

export const returned = (): Outcome => 'ok'

/** supabase-js, and the queries of this package, give `{ data, error }` and throw nothing. */
export function withoutError(value: unknown): Outcome {
  return (fieldOf(value, 'error') ?? undefined) === undefined ? 'ok' : 'error'
}

/** `fetch` gives a response with `ok: false` for an answer of 400 or more, and throws nothing. */
export function wasOk(value: unknown): Outcome {
  return fieldOf(value, 'ok') === false ? 'error' : 'ok'
}

/** A value may be anything, also a proxy that throws: looking at it must not fail the work. */
function fieldOf(value: unknown, name: string): unknown {
  try {
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
  } catch {
    return undefined
  }
}
