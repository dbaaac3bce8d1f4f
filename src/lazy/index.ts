export { lazyHandlers, type LazyHandlers, type LazyOptions, type LazyPickOptions, type LazyResult } from './lazy.ts'
export type { AnyFunction, HandlerOf, Loadable } from './handler-of.ts'
export type { PreloadOptions } from './preload.ts'
export type { LazyStats, LazyThunk } from './slot.ts'
