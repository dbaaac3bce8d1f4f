/** What the preset has under the names that the services import; a test holds it against the preset. */
const NAMES: ReadonlySet<string> = new Set(
  `MemoryCache createCache profileCache stateCache configCache locationCache
   getCachedProfile getCachedProfileByPhone getCachedState getCachedAppConfig getCachedLocation setCachedLocation
   invalidateProfileCache invalidateStateCache invalidateConfigCache invalidateLocationCache
   getAllCacheStats clearAllCaches cleanupAllCaches cacheMiddleware clearResponseCache getResponseCacheStats
   query getProfileById getProfileByPhone findNearbyDrivers getActiveTrip getRecentInsuranceLead getUserClaims
   getWalletBalance getTransactionHistory getClientPool getPooledClient getSupabaseClient
   checkDuplicate deduplicationMiddleware getDeduplicationStats clearDeduplicationCache
   lazy registerLazyHandler getLazyHandler isHandlerLoaded preloadHandlers getHandlerLoadingStats lazyExecute
   incrementCounter getCounter setGauge getGauge incrementGauge decrementGauge recordHistogram getHistogramStats
   startTimer timeAsync timeSync recordRequestMetrics recordDatabaseMetrics recordApiMetrics getAllMetrics resetMetrics
   exportPrometheusMetrics performanceMiddleware trackColdStart trackHandler trackDatabaseOp trackApiCall
   generatePerformanceReport handlePerformanceRequest getHealthMetrics warmup backgroundWarmup warmupOnce isWarmedUp`.split(
    /\s+/,
  ),
)

const TYPES: ReadonlySet<string> = new Set(
  `DeduplicationConfig DeduplicationResult LazyHandler HandlerModule PerformanceConfig RequestMetadata PerformanceReport
   CacheConfig PaginationOptions WarmupConfig WarmupResult MemoryCacheOptions MemoryCacheStats EasymoResult
   ClientPool`.split(/\s+/),
)

/** Names that are others in the preset. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ['CacheOptions', 'MemoryCacheOptions'],
  ['CacheStats', 'MemoryCacheStats'],
  ['QueryBuilder', 'EasymoQuery'],
  ['QueryResult', 'EasymoResult'],
  ['SupabaseClientPool', 'ClientPool'],
])

/** What of the preset stands for a name of the services' own modules; undefined for what it has not. */
export function presetName(name: string): string | undefined {
  return NAMES.has(name) || TYPES.has(name) ? name : RENAMED.get(name)
}

/** Whether there is nothing of that name when the program runs. */
export const isTypeName = (name: string): boolean => TYPES.has(name)

/** All of them, for the test. */
export const presetNames: readonly string[] = [...NAMES, ...TYPES, ...RENAMED.values()]

/** The modules that the preset stands for; of those that end in `index` other things may come, too. */
const MODULES =
  /(?:^|\/)_shared\/(?:cache(?:\/(?:index|memory-cache|cached-accessors|cache-middleware))?|database(?:\/(?:index|query-builder|optimized-queries|client-pool))?|middleware(?:\/(?:index|deduplication))?|handlers(?:\/(?:index|lazy-loader))?|observability(?:\/(?:index|metrics|performance-middleware|performance-endpoint))?|warmup(?:\/index)?|performance(?:\/index)?)(?:\.[cm]?[jt]s)?$/

/** Whether a path of an import leads to one of the modules that the preset stands for. */
export const isReplaced = (path: string): boolean => MODULES.test(path)
