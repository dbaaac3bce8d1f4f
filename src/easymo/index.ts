export { configureEasymo, resetEasymo, type EasymoOptions } from './options.ts'
export type { EasymoClient, EasymoSupabase, EasymoTypes } from './client.ts'
export { createCache, MemoryCache, type MemoryCacheOptions, type MemoryCacheStats } from './memory-cache.ts'
export {
  cleanupAllCaches,
  clearAllCaches,
  clearResponseCache,
  configCache,
  getAllCacheStats,
  getResponseCacheStats,
  locationCache,
  profileCache,
  stateCache,
  type AllCacheStats,
} from './caches.ts'
export {
  getCachedAppConfig,
  getCachedLocation,
  getCachedProfile,
  getCachedProfileByPhone,
  getCachedState,
  invalidateConfigCache,
  invalidateLocationCache,
  invalidateProfileCache,
  invalidateStateCache,
  setCachedLocation,
} from './accessors.ts'
export { EasymoQuery, query, type EasymoResult, type EasymoSingle, type PaginationOptions } from './query.ts'
export type { Branch } from './or-text.ts'
export {
  getActiveTrip,
  getProfileById,
  getProfileByPhone,
  getRecentInsuranceLead,
  getTransactionHistory,
  getUserClaims,
  getWalletBalance,
  type LimitOptions,
  type ProfileOptions,
} from './queries.ts'
export { findNearbyDrivers, type NearbyDriver } from './nearby.ts'
export type { NearbyOptions } from './nearby-options.ts'
export type { Position } from './geo.ts'
export { getClientPool, getPooledClient, getSupabaseClient } from './clients.ts'
export type { ClientPool, ClientPoolStats } from './client-pool.ts'
export {
  checkDuplicate,
  clearDeduplicationCache,
  deduplicationMiddleware,
  getDeduplicationStats,
  type DeduplicationConfig,
  type DeduplicationResult,
} from './dedup.ts'
export type { RequestMiddleware } from './request-middleware.ts'
export {
  getHandlerLoadingStats,
  getLazyHandler,
  isHandlerLoaded,
  lazy,
  lazyExecute,
  preloadHandlers,
  registerLazyHandler,
  type HandlerLoadingStats,
  type HandlerModule,
  type LazyHandler,
} from './handlers.ts'
export type { ImportFn } from './lazy-slot.ts'
export {
  decrementGauge,
  exportPrometheusMetrics,
  getAllMetrics,
  getCounter,
  getGauge,
  getHistogramStats,
  incrementCounter,
  incrementGauge,
  recordHistogram,
  resetMetrics,
  setGauge,
  startTimer,
  timeAsync,
  timeSync,
  type Labels,
  type Timed,
} from './metrics.ts'
export { easymoMetrics } from './everything.ts'
export {
  recordApiMetrics,
  recordDatabaseMetrics,
  recordRequestMetrics,
  trackApiCall,
  trackColdStart,
  trackDatabaseOp,
  trackHandler,
} from './trackers.ts'
export {
  cacheMiddleware,
  performanceMiddleware,
  type CacheConfig,
  type PerformanceConfig,
  type PerformanceRequest,
  type RequestMetadata,
} from './http.ts'
export {
  generatePerformanceReport,
  getHealthMetrics,
  handlePerformanceRequest,
  type HealthMetrics,
  type PerformanceReport,
} from './pages.ts'
export {
  backgroundWarmup,
  isWarmedUp,
  warmup,
  warmupOnce,
  type WarmupConfig,
  type WarmupResult,
  type WarmupStep,
} from './warmup.ts'
export type {
  CachedLocation,
  InsuranceClaim,
  InsuranceLead,
  Location,
  Moment,
  Profile,
  Row,
  Trip,
  UserState,
  Wallet,
  WalletTransaction,
} from './tables.ts'
