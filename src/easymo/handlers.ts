import { isFunction, isText } from '../core/check.ts'
import { PerfError } from '../core/errors.ts'
import { LazySlot, type ImportFn, type Round } from './lazy-slot.ts'
import { hostOf, part, type Ask } from './options.ts'
import { show } from './shown.ts'

/** What an import gives; a handler is found in it by the name of its export. */
export type HandlerModule = object

/** A module that is loaded when it is first needed. */
export interface LazyHandler<Module> {
  /**
   * Loads the module, once for all who ask. A load that failed is forgotten, so that the next one tries again.
   *
   * @throws PerfError `ERR_PERF_LAZY_LOAD`, with the `cause`
   */
  load(): Promise<Module>
  /** Whether the module is there. */
  isLoaded(): boolean
  /** The module, or null while it is not loaded. */
  get(): Module | null
}

/** How a handler's load went. */
export interface HandlerLoadingStats {
  readonly loaded: boolean
  /** In milliseconds; 0 before it is loaded, and on Workers, whose clock stands still. */
  readonly loadTimeMs: number
  /** Loads started, and those of them that failed. */
  readonly loads: number
  readonly errors: number
}

/** Outlives `resetEasymo`: handlers are registered where their modules are, once, and that cannot be done again. */
const registered = new Map<string, LazySlot>()

const round = (option: Ask): Round => {
  show('lazy', 'handlers', getHandlerLoadingStats)
  return { host: hostOf(option) }
}

function register(name: string, importFn: ImportFn): LazySlot {
  isText('name', name)
  isFunction('importFn', importFn)
  const known = registered.get(name)
  if (known?.importFn === importFn) return known
  const slot = new LazySlot(name, importFn, () => part(round))
  registered.set(name, slot)
  return slot
}

/**
 * A module that is loaded when it is first needed, and registered under its name: `lazy('core:home', () => import('./home.ts'))`.
 * Another one under the same name takes its place: write it where the module is, and not into every request.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function lazy<Module extends HandlerModule>(
  name: string,
  importFn: () => Module | PromiseLike<Module>,
): LazyHandler<Module> {
  const slot = register(name, importFn)
  return {
    load: async () => (await slot.load()) as Module,
    isLoaded: () => slot.module !== undefined,
    get: () => (slot.module ?? null) as Module | null,
  }
}

/** As {@link lazy}, for handlers that are asked for by their name. @throws OptionError `ERR_PERF_OPTION` */
export function registerLazyHandler(name: string, importFn: ImportFn): void {
  register(name, importFn)
}

/**
 * Loads a module by its name; null for a name that is not registered.
 *
 * @throws PerfError `ERR_PERF_LAZY_LOAD`, with the `cause`; the next call tries again
 */
export async function getLazyHandler<Module extends HandlerModule = Record<string, unknown>>(
  name: string,
): Promise<Module | null> {
  return ((await registered.get(name)?.load()) ?? null) as Module | null
}

/** True once the module is there; false for a name that is not registered. */
export function isHandlerLoaded(name: string): boolean {
  return registered.get(name)?.module !== undefined
}

/**
 * Begins to load several modules, and returns at once. Names that are not registered are passed over; what fails is tried
 * again when it is needed, and until then shows in {@link getHandlerLoadingStats} under `errors`.
 */
export function preloadHandlers(names: readonly string[]): void {
  const { host } = part(round)
  host.track(loadHandlers(names).catch(() => undefined))
}

/** Loads several, one after the other; one that fails does not stop the others. @throws the first error, after all were tried */
export async function loadHandlers(names: readonly string[]): Promise<void> {
  const errors: unknown[] = []
  for (const name of names) await getLazyHandler(name).catch((error: unknown) => errors.push(error))
  if (errors.length > 0) throw errors[0]
}

/** Where each registered handler stands, by name; loads nothing. */
export function getHandlerLoadingStats(): Readonly<Record<string, HandlerLoadingStats>> {
  return Object.fromEntries([...registered].map(([name, slot]) => [name, slot.stats()]))
}

/**
 * Calls an export of a registered module, and loads it before if need be: `await lazyExecute('core:home', 'show', request)`.
 *
 * @throws PerfError `ERR_PERF_LAZY_UNKNOWN` for a name that is not registered, or that the module does not export as a
 *   function; `ERR_PERF_LAZY_LOAD`; whatever the function throws, unchanged
 */
export async function lazyExecute<Args extends readonly unknown[], Result = unknown>(
  handlerName: string,
  functionName: string,
  ...args: Args
): Promise<Result> {
  const module = await getLazyHandler(handlerName)
  if (module === null) throw new PerfError('ERR_PERF_LAZY_UNKNOWN', `no handler is registered as "${handlerName}"`)
  // What every object has is nobody's handler.
  const fn = functionName in Object.prototype ? undefined : module[functionName]
  if (typeof fn !== 'function')
    throw new PerfError('ERR_PERF_LAZY_UNKNOWN', `the handler "${handlerName}" has no function of that name`)
  return (await Reflect.apply(fn, module, args)) as Result
}

/** Has them shown among the metrics, also before the first one is needed. */
export function showHandlers(): void {
  part(round)
}
