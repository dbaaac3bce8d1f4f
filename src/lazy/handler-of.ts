import { PerfError } from '../core/errors.ts'

/** Any function at all; what a handler takes and returns is its own business. */
// `never[]` and not `unknown[]`: parameters are contravariant, so only this accepts every function.
export type AnyFunction = (...args: never[]) => unknown

/** What a thunk may load: the handler itself, or a module whose handler is its default export or named `handle`. */
export type Loadable = AnyFunction | { readonly default: AnyFunction } | { readonly handle: AnyFunction }

/** The handler inside of what a thunk loads, in the order in which it is looked for. */
export type HandlerOf<Loaded> = Loaded extends AnyFunction
  ? Loaded
  : Loaded extends { readonly default: infer Handle extends AnyFunction }
    ? Handle
    : Loaded extends { readonly handle: infer Handle extends AnyFunction }
      ? Handle
      : never

/**
 * Finds the handler in what a thunk loaded: the loaded function itself, the default export, or the export `handle`.
 *
 * @throws PerfError `ERR_PERF_LAZY_LOAD` when there is no function in any of these places
 */
export function handlerOf(loaded: unknown): AnyFunction {
  const exported = (loaded ?? {}) as { default?: unknown; handle?: unknown }
  return asHandler([loaded, exported.default, exported.handle].find((candidate) => typeof candidate === 'function'))
}

/** Refuses what cannot be called, when it is loaded and not when the first update arrives. */
export function asHandler(candidate: unknown): AnyFunction {
  if (typeof candidate === 'function') return candidate as AnyFunction
  throw new PerfError('ERR_PERF_LAZY_LOAD', 'what was loaded has no function as default export or as export "handle"')
}
