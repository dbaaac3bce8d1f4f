import type { Host } from '../core/host.ts'
import { lazyHandlers, type LazyHandlers, type LazyStats } from '../lazy/index.ts'

/** Imports a module; write a literal import, so that bundlers see and split it. */
export type ImportFn = () => object | PromiseLike<object>

type Table = LazyHandlers<Readonly<Record<string, () => object>>>

/** What a slot has loaded with one host. */
interface Loaded {
  readonly of: object
  /** A table of one, so that another of the same name touches it not. */
  readonly table: Table
  module?: object
}

/** What loads modules now: another `round` begins anew. */
export interface Round {
  readonly host: Host
}

/** One module, and what loads it. */
export class LazySlot {
  readonly importFn: ImportFn
  readonly #name: string
  readonly #round: () => Round
  #loaded: Loaded | undefined

  /** @param round - asked when it is loaded, and not where the module is registered */
  constructor(name: string, importFn: ImportFn, round: () => Round) {
    this.#name = name
    this.importFn = importFn
    this.#round = round
  }

  /** The module, once it is loaded. */
  get module(): object | undefined {
    return this.#current()?.module
  }

  /** @throws PerfError `ERR_PERF_LAZY_LOAD` */
  async load(): Promise<object> {
    const loaded = this.#current() ?? (this.#loaded = { of: this.#round(), table: this.#table() })
    if (loaded.module !== undefined) return loaded.module
    const give = await loaded.table.load(this.#name)
    return (loaded.module ??= give())
  }

  stats(): LazyStats {
    return this.#current()?.table.stats()[this.#name] ?? { loaded: false, loadTimeMs: 0, loads: 0, errors: 0 }
  }

  #current(): Loaded | undefined {
    return this.#loaded?.of === this.#round() ? this.#loaded : undefined
  }

  #table(): Table {
    const thunk = async (): Promise<() => object> => {
      const module = await this.importFn()
      return () => module
    }
    return lazyHandlers({ [this.#name]: thunk }, { host: this.#round().host })
  }
}
