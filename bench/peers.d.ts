/**
 * What the benchmarks call of the peers. Written here because the peers are installed beside the packed package, not in the
 * root, and the types of the repository must be checked without them.
 */
declare module '@aws-lambda-powertools/idempotency' {
  export interface IdempotencyConfigOptions {
    readonly eventKeyJmesPath: string
  }
  export class IdempotencyConfig {
    constructor(options: IdempotencyConfigOptions)
    registerLambdaContext(context: { getRemainingTimeInMillis(): number }): void
  }
  export function makeIdempotent<A, V>(
    work: (argument: A) => V,
    options: { readonly persistenceStore: unknown; readonly config: IdempotencyConfig },
  ): (argument: A) => V
}

declare module '@aws-lambda-powertools/idempotency/cache' {
  export interface CacheClient {
    get(key: string): Promise<unknown>
    set(key: string, value: unknown, options?: { readonly EX?: number; readonly NX?: boolean }): Promise<unknown>
    del(keys: readonly string[]): Promise<number>
  }
  export class CachePersistenceLayer {
    constructor(options: { readonly client: CacheClient })
  }
}

declare module '@epic-web/cachified' {
  export interface CacheEntry {
    readonly metadata: { readonly createdTime: number; readonly ttl?: number | null; readonly swr?: number | null }
    readonly value: unknown
  }
  export interface Cache {
    get(key: string): CacheEntry | undefined
    set(key: string, entry: CacheEntry): unknown
    delete(key: string): unknown
  }
  export interface CachifiedOptions<V> {
    readonly key: string
    readonly cache: Cache
    readonly getFreshValue: () => V
    readonly ttl: number
    readonly swr: number
  }
  export function cachified<V>(options: CachifiedOptions<V>): Promise<V>
  export function totalTtl(metadata: CacheEntry['metadata']): number
}

declare module 'async-cache-dedupe' {
  export interface AsyncCacheDedupeOptions {
    readonly ttl: number
    readonly stale: number
    readonly storage: { readonly type: 'memory'; readonly options: { readonly size: number } }
  }
  export interface Definable {
    define<N extends string, V>(
      name: N,
      load: (key: string) => V,
    ): { readonly [name in N]: (key: string) => Promise<V> }
  }
  export function createCache(options: AsyncCacheDedupeOptions): Definable
}

declare module 'bentocache' {
  export interface BentoCacheOptions {
    readonly default: string
    readonly stores: Readonly<Record<string, unknown>>
    readonly ttl: number
    readonly grace: number
    readonly timeout: number
  }
  export class BentoCache {
    constructor(options: BentoCacheOptions)
    getOrSet<V>(options: { readonly key: string; readonly factory: () => V }): Promise<V>
  }
  export function bentostore(): { useL1Layer(driver: unknown): unknown }
}

declare module 'bentocache/drivers/memory' {
  export function memoryDriver(options: { readonly maxItems: number; readonly serialize: boolean }): unknown
}

declare module 'cache-manager' {
  import type { Keyv } from 'keyv'
  export interface CacheManagerOptions {
    readonly stores: readonly Keyv[]
    readonly ttl: number
    readonly refreshThreshold: number
  }
  export function createCache(options: CacheManagerOptions): { wrap<V>(key: string, load: () => V): Promise<V> }
}

declare module 'cacheable' {
  import type { Keyv } from 'keyv'
  export interface MemoryOptions {
    readonly ttl: number
    readonly lruSize: number
    readonly useClone?: boolean
  }
  export class CacheableMemory {
    constructor(options: MemoryOptions)
  }
  export class Cacheable {
    constructor(options: { readonly primary: Keyv; readonly ttl: number; readonly stats: boolean })
    getOrSet<V>(key: string, load: () => Promise<V>): Promise<V>
  }
  export function createKeyv(options: MemoryOptions): Keyv
}

declare module 'keyv' {
  export class Keyv {
    constructor(options: { readonly store: unknown })
  }
}

declare module 'prom-client' {
  export class Registry {
    metrics(): Promise<string>
  }
  export interface Configuration {
    readonly name: string
    readonly help: string
    readonly labelNames?: readonly string[]
    readonly registers: readonly Registry[]
  }
  export type Labels = Readonly<Record<string, string>>
  export class Counter {
    constructor(configuration: Configuration)
    inc(labels?: Labels, value?: number): void
    labels(...values: readonly string[]): { inc(): void }
  }
  export class Histogram {
    constructor(configuration: Configuration & { readonly buckets: readonly number[] })
    observe(value: number): void
    observe(labels: Labels, value: number): void
  }
  export class Summary {
    constructor(configuration: Configuration & { readonly percentiles?: readonly number[] })
    observe(value: number): void
    get(): Promise<{
      readonly values: readonly { readonly value: number; readonly labels: { readonly quantile?: number } }[]
    }>
  }
}

declare module '@supabase/supabase-js' {
  export function createClient(url: string, key: string, settings?: object): object
}

declare module 'generic-pool' {
  export interface Factory<C> {
    readonly create: () => Promise<C>
    readonly destroy: (client: C) => Promise<void>
    readonly validate: (client: C) => Promise<boolean>
  }
  export interface GenericPool<C> {
    acquire(): Promise<C>
    release(client: C): Promise<void>
    drain(): Promise<void>
    clear(): Promise<void>
  }
  const genericPool: {
    createPool<C>(factory: Factory<C>, options: Readonly<Record<string, number | boolean>>): GenericPool<C>
  }
  export { genericPool as default }
}

declare module 'tarn' {
  export interface TarnOptions<C> {
    readonly create: () => Promise<C>
    readonly destroy: (client: C) => void
    readonly validate: (client: C) => boolean
    readonly min: number
    readonly max: number
    readonly acquireTimeoutMillis: number
    readonly createTimeoutMillis: number
    readonly idleTimeoutMillis: number
  }
  export class Pool<C> {
    constructor(options: TarnOptions<C>)
    acquire(): { readonly promise: Promise<C> }
    destroy(): Promise<void>
    release(client: C): boolean
  }
}

declare module 'kysely' {
  export class PostgresAdapter {}
  export class DummyDriver {}
  export class PostgresQueryCompiler {}
  export class PostgresIntrospector {
    constructor(db: unknown)
  }
  export interface Dialect {
    readonly createAdapter: () => PostgresAdapter
    readonly createDriver: () => DummyDriver
    readonly createIntrospector: (db: unknown) => PostgresIntrospector
    readonly createQueryCompiler: () => PostgresQueryCompiler
  }
  export interface SelectBuilder {
    select(columns: readonly string[]): SelectBuilder
    where(column: string, operator: string, value: unknown): SelectBuilder
    orderBy(column: string, direction: 'asc' | 'desc'): SelectBuilder
    limit(rows: number): SelectBuilder
    offset(rows: number): SelectBuilder
    compile(): { readonly sql: string; readonly parameters: readonly unknown[] }
  }
  export class Kysely {
    constructor(config: { readonly dialect: Dialect })
    selectFrom(table: string): SelectBuilder
  }
}
