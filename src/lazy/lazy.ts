import { atLeast, hasMethods, isFunction, knownOptions, wholeAtLeast } from '../core/check.ts'
import { PerfError } from '../core/errors.ts'
import { defaultHost, type Host } from '../core/host.ts'
import { handlerOf, type AnyFunction, type HandlerOf, type Loadable } from './handler-of.ts'
import { createLoader } from './loader.ts'
import { preloadSlots, type PreloadOptions } from './preload.ts'
import { slotsOf, statsOf, type LazyStats, type LazyThunk, type Slot } from './slot.ts'

/** The limits of every load of a {@link lazyHandlers} table. */
export interface LazyOptions {
  /** How long a load may take, in milliseconds. @defaultValue 10_000 */
  readonly timeoutMs?: number
  readonly host?: Host
}

/** The options for modules whose handler is neither their default export nor called `handle`. */
export interface LazyPickOptions<Loaded, Handle extends AnyFunction> extends LazyOptions {
  /** Finds the handler in what was loaded. @defaultValue the function itself, the default export, the export `handle` */
  readonly pick: (loaded: Loaded, name: string) => Handle
}

/** What a call gives: the handler's own result once it is loaded, a promise of it before. */
export type LazyResult<Handle extends AnyFunction> = ReturnType<Handle> | Promise<Awaited<ReturnType<Handle>>>

/** Handlers by name, each loaded when it is first needed. */
export interface LazyHandlers<Handlers extends { readonly [name in keyof Handlers]: AnyFunction }> {
  /**
   * Calls a handler, and loads it before if need be. Once it is loaded, the call reaches the function at once and gives
   * back what it returns: no promise is added to a handler that has none.
   *
   * @throws PerfError `ERR_PERF_LAZY_UNKNOWN`, at once, for a name that is not in the map
   * @throws PerfError `ERR_PERF_LAZY_LOAD` when it could not be loaded, with the `cause`; the next call tries again
   * @throws whatever the handler throws, unchanged
   */
  run<Name extends keyof Handlers & string>(name: Name, ...args: Parameters<Handlers[Name]>): LazyResult<Handlers[Name]>
  /**
   * Loads a handler once for all who ask at the same time, and gives the function.
   *
   * A load that failed is forgotten, so the next call tries again. That heals a module that could not be found; one that
   * threw while it was evaluated stays failed on most runtimes until the process restarts, because they remember it.
   *
   * @throws PerfError `ERR_PERF_LAZY_UNKNOWN` or `ERR_PERF_LAZY_LOAD`
   */
  load<Name extends keyof Handlers & string>(name: Name): Promise<Handlers[Name]>
  /**
   * Loads several handlers, all of them when none is named. One that fails does not stop the others.
   *
   * @throws PerfError `ERR_PERF_LAZY_LOAD` of the first one that failed, after all were tried
   * @throws the reason of `signal`
   */
  preload(names?: readonly (keyof Handlers & string)[], options?: PreloadOptions): Promise<void>
  /** True once the handler can be called without loading. */
  loaded(name: keyof Handlers & string): boolean
  /** Where each handler of the table stands, by name; loads nothing. */
  stats(): { readonly [name in keyof Handlers]: LazyStats }
}

type Thunks<Loaded = unknown> = Readonly<Record<string, LazyThunk<Loaded>>>
type LoadedBy<Table extends Thunks> = Awaited<ReturnType<Table[keyof Table]>>

/**
 * Makes a dispatch table whose handlers are loaded when they are first called, so that a cold start pays only for what
 * it uses.
 *
 * @param thunks - from the name to a literal import: `{ text: () => import('./text.ts') }`
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function lazyHandlers<Table extends Thunks<Loadable>>(
  thunks: Table,
  options?: LazyOptions,
): LazyHandlers<{ readonly [name in keyof Table]: HandlerOf<Awaited<ReturnType<Table[name]>>> }>
export function lazyHandlers<Table extends Thunks, Handle extends AnyFunction>(
  thunks: Table,
  options: LazyPickOptions<LoadedBy<Table>, Handle>,
): LazyHandlers<{ readonly [name in keyof Table]: Handle }>
export function lazyHandlers(
  thunks: Thunks,
  options: LazyOptions & Partial<LazyPickOptions<unknown, AnyFunction>> = {},
): LazyHandlers<Record<string, AnyFunction>> {
  const { timeoutMs = 10_000, host = defaultHost, pick = handlerOf } = options
  knownOptions(options, 'timeoutMs', 'host', 'pick')
  atLeast(1, 'timeoutMs', timeoutMs)
  hasMethods('host', host, 'observe', 'track')
  isFunction('pick', pick)
  const slots = slotsOf(thunks)
  const load = createLoader({ host, timeoutMs, pick })

  function slotOf(name: string): Slot {
    const slot = slots.get(name)
    if (slot !== undefined) return slot
    // The name asked for may come straight out of a payload, so it is not repeated.
    const known = [...slots.keys()].join(', ')
    throw new PerfError('ERR_PERF_LAZY_UNKNOWN', `there is no handler of that name; known: ${known}`)
  }

  return {
    run(name, ...args) {
      const slot = slotOf(name)
      if (slot.handler !== undefined) return slot.handler(...args)
      return load(slot).then((handler) => handler(...args))
    },
    load: async (name) => load(slotOf(name)),
    async preload(names = [...slots.keys()], { concurrency = 2, signal } = {}) {
      wholeAtLeast(1, 'concurrency', concurrency)
      await preloadSlots(names.map(slotOf), load, { concurrency, signal })
    },
    loaded: (name) => slotOf(name).handler !== undefined,
    stats: () => Object.fromEntries([...slots].map(([name, slot]) => [name, statsOf(slot)])),
  }
}
