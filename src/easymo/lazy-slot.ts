import type { Host } from '../core/host.ts'
import { lazyHandlers, type LazyHandlers, type LazyStats } from '../lazy/index.ts'

/** Imports a module; write a literal import, so that bundlers see and split it. */
export type ImportFn = () => object | PromiseLike<object>

type Table = LazyHandlers<Readonly<Record<string, () => object>>>

/** One module, and what loads it: a table of one, so that another of the same name touches it not. */
export class LazySlot {
  readonly importFn: ImportFn
  readonly #name: string
  readonly #host: () => Host
  #table: Table | undefined
  /** The module, once it is loaded. */
  module: object | undefined

  /** @param host - asked at the first load, and not where the module is registered */
  constructor(name: string, importFn: ImportFn, host: () => Host) {
    this.#name = name
    this.importFn = importFn
    this.#host = host
  }

  /** @throws PerfError `ERR_PERF_LAZY_LOAD` */
  async load(): Promise<object> {
    if (this.module !== undefined) return this.module
    const thunk = async (): Promise<() => object> => {
      const module = await this.importFn()
      return () => module
    }
    this.#table ??= lazyHandlers({ [this.#name]: thunk }, { host: this.#host() })
    const give = await this.#table.load(this.#name)
    return (this.module ??= give())
  }

  stats(): LazyStats {
    return this.#table?.stats()[this.#name] ?? { loaded: false, loadTimeMs: 0, loads: 0, errors: 0 }
  }
}
