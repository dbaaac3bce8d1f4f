export { configureEasymo, resetEasymo, type EasymoOptions } from './options.ts'
export type { EasymoClient } from './client.ts'
export { createCache } from '../cache/index.ts'
export {
  cleanupAllCaches,
  clearAllCaches,
  configCache,
  getAllCacheStats,
  locationCache,
  profileCache,
  responseCache,
  stateCache,
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
export { query, type EasymoQuery } from './query.ts'
export {
  getActiveTrip,
  getProfileById,
  getProfileByPhone,
  getRecentInsuranceLead,
  getTransactionHistory,
  getUserClaims,
  getWalletBalance,
  type ClaimOptions,
  type PageOptions,
  type TransactionPage,
} from './queries.ts'
export { findNearbyDrivers, type NearbyDriver } from './nearby.ts'
export type { NearbyOptions } from './nearby-options.ts'
export { getClientPool, getPooledClient, getSupabaseClient, type ClientPool } from './clients.ts'
export {
  checkDuplicate,
  clearDeduplicationCache,
  deduplicationMiddleware,
  getDeduplicationStats,
  type DuplicateCheck,
} from './dedup.ts'
export {
  getHandlerLoadingStats,
  getLazyHandler,
  isHandlerLoaded,
  lazy,
  lazyExecute,
  preloadHandlers,
  registerLazyHandler,
  type LazyHandler,
} from './handlers.ts'
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
} from './metrics.ts'
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
  generatePerformanceReport,
  getHealthMetrics,
  handlePerformanceRequest,
  performanceMiddleware,
} from './http.ts'
export { backgroundWarmup, isWarmedUp, warmup, warmupOnce, type WarmupTasks } from './warmup.ts'
export type {
  InsuranceClaim,
  InsuranceLead,
  Location,
  Moment,
  Profile,
  Trip,
  UserState,
  Wallet,
  WalletTransaction,
} from './tables.ts'
