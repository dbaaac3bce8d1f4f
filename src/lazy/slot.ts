import { isFunction } from '../core/check.ts'
import { OptionError } from '../core/errors.ts'

/** Loads one handler; write a literal import, `() => import('./text.ts')`, so that bundlers see and split it. */
export type LazyThunk<Loaded = unknown> = () => Loaded | PromiseLike<Loaded>

/** How one handler fared so far. */
export interface LazyStats {
  readonly loaded: boolean
  /** How long the load that succeeded took, in milliseconds; 0 before it, and on Workers, whose clock stands still. */
  readonly loadTimeMs: number
  /** Loads started. */
  readonly loads: number
  /** Loads that failed or missed their deadline. */
  readonly errors: number
}

/** One handler of the table: how to load it, and what came of that. */
export interface Slot {
  readonly name: string
  readonly thunk: LazyThunk
  handler: ((...args: unknown[]) => unknown) | undefined
  loadTimeMs: number
  loads: number
  errors: number
}

/** Copies the caller's map, so that neither its later changes nor the names of `Object.prototype` reach a call. */
export function slotsOf(thunks: Readonly<Record<string, LazyThunk>>): Map<string, Slot> {
  if (typeof thunks !== 'object' || thunks === null) throw new OptionError('handlers must be an object of functions')
  return new Map(
    Object.entries(thunks).map(([name, thunk]) => {
      isFunction(`handler "${name}"`, thunk)
      return [name, { name, thunk, handler: undefined, loadTimeMs: 0, loads: 0, errors: 0 }]
    }),
  )
}

export function statsOf({ handler, loadTimeMs, loads, errors }: Slot): LazyStats {
  return { loaded: handler !== undefined, loadTimeMs, loads, errors }
}
