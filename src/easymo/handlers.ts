import { isFunction, isText } from '../core/check.ts'
import { lazyHandlers, type AnyFunction, type HandlerOf, type LazyHandlers, type LazyStats, type LazyThunk, type Loadable } from '../lazy/index.ts' // prettier-ignore
import { hostOf, part, type Ask } from './options.ts'
import { show } from './shown.ts'

type One = LazyHandlers<Readonly<Record<string, AnyFunction>>>

/** Kept apart from what is made of them: they are registered at import, before anything is configured. */
const loaders = (): Map<string, LazyThunk<Loadable>> => new Map()

/** A table of one handler for each name, so that registering one more touches no other. */
const tables = (option: Ask): { readonly byName: Map<string, One>; open(name: string): One } => {
  const host = hostOf(option)
  const byName = new Map<string, One>()
  show('lazy', 'handlers', getHandlerLoadingStats)
  return {
    byName,
    open(name) {
      const known = byName.get(name)
      if (known !== undefined) return known
      const loader = part(loaders).get(name)
      // Without one, the table is empty, and refuses by its own error.
      const table: One = lazyHandlers(loader === undefined ? {} : { [name]: loader }, { host })
      if (loader !== undefined) byName.set(name, table)
      return table
    },
  }
}

/** A handler that is loaded by its first call. */
export type LazyHandler<Handle extends AnyFunction> = (
  ...args: Parameters<Handle>
) => Promise<Awaited<ReturnType<Handle>>>

/**
 * Makes a handler that is loaded by its first call: `lazy(() => import('./trips.ts'))`. The handler is what is loaded, its
 * default export, or its export `handle`.
 *
 * @throws OptionError `ERR_PERF_OPTION`; the handler rejects with `ERR_PERF_LAZY_LOAD`, and tries again at the next call
 */
export function lazy<Loaded extends Loadable>(loader: LazyThunk<Loaded>): LazyHandler<HandlerOf<Loaded>> {
  isFunction('loader', loader)
  const table = lazyHandlers({ lazy: loader as LazyThunk<AnyFunction> })
  return async (...args) => (await table.run('lazy', ...args)) as never
}

/**
 * Registers a handler under a name, to be loaded when it is first needed. Another loader under the same name takes its
 * place: register once, where the module is, and not in every request.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function registerLazyHandler(name: string, loader: LazyThunk<Loadable>): void {
  isText('name', name)
  isFunction('loader', loader)
  if (part(loaders).get(name) === loader) return
  part(loaders).set(name, loader)
  part(tables).byName.delete(name)
}

/**
 * Loads a handler, once for all who ask, and gives the function.
 *
 * @typeParam Handle - what the handler is, by your word
 * @throws PerfError `ERR_PERF_LAZY_UNKNOWN` or `ERR_PERF_LAZY_LOAD`
 */
export async function getLazyHandler<Handle extends AnyFunction = (...args: unknown[]) => unknown>(
  name: string,
): Promise<Handle> {
  return (await part(tables).open(name).load(name)) as Handle
}

/** True once the handler can be called without loading; false for a name that is not registered. */
export function isHandlerLoaded(name: string): boolean {
  return part(tables).byName.get(name)?.loaded(name) === true
}

/**
 * Loads several handlers, all that are registered when none is named; one after the other, and one that fails does not
 * stop the others.
 *
 * @throws PerfError `ERR_PERF_LAZY_UNKNOWN` or `ERR_PERF_LAZY_LOAD` of the first one that failed, after all were tried
 */
export async function preloadHandlers(names: readonly string[] = [...part(loaders).keys()]): Promise<void> {
  const errors: unknown[] = []
  for (const name of names) await getLazyHandler(name).catch((error: unknown) => errors.push(error))
  if (errors.length > 0) throw errors[0]
}

/** Where each registered handler stands, by name; loads nothing. */
export function getHandlerLoadingStats(): Readonly<Record<string, LazyStats>> {
  const { byName } = part(tables)
  const none: LazyStats = { loaded: false, loadTimeMs: 0, loads: 0, errors: 0 }
  return Object.fromEntries([...part(loaders).keys()].map((name) => [name, byName.get(name)?.stats()[name] ?? none]))
}

/**
 * Calls a registered handler, and loads it before if need be.
 *
 * @throws PerfError `ERR_PERF_LAZY_UNKNOWN` or `ERR_PERF_LAZY_LOAD`; whatever the handler throws, unchanged
 */
export async function lazyExecute<Result = unknown>(name: string, ...args: readonly unknown[]): Promise<Result> {
  const handler = await getLazyHandler(name)
  return (await handler(...args)) as Result
}
