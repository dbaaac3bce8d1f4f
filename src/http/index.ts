export { performanceMiddleware, type PerformanceOptions } from './performance.ts'
export type { MeasureOptions } from './measure.ts'
export {
  honoPerformance,
  honoRoute,
  type HonoContextLike,
  type HonoMiddleware,
  type HonoPerformanceOptions,
} from './performance-hono.ts'
export {
  expressPerformance,
  expressRoute,
  type ExpressPerformanceOptions,
  type ExpressRequestLike,
} from './performance-express.ts'
export type { WatchedResponse } from './performance-head.ts'
export {
  fastifyPerformance,
  fastifyRoute,
  type FastifyLike,
  type FastifyPerformanceOptions,
  type FastifyPlugin,
  type FastifyReplyLike,
  type FastifyRequestLike,
} from './performance-fastify.ts'
export type { RequestLine } from './request-log.ts'
export { metricsEndpoint, type MetricsEndpointOptions } from './metrics-endpoint.ts'
export { performanceDocument, type CacheSummary, type PerformanceDocument } from './performance-document.ts'
export type { MemoryUse } from './memory.ts'
export type { Access } from './tokens.ts'
export {
  trackers,
  type ApiMetrics,
  type DatabaseMetrics,
  type HandlerLabels,
  type RequestMetrics,
  type Trackers,
  type TrackersOptions,
} from './trackers.ts'
export {
  healthEndpoint,
  healthRates,
  type HealthDocument,
  type HealthEndpointOptions,
  type HealthStatus,
} from './health-endpoint.ts'
export type { HealthRates, HealthReason, HealthThresholds } from './health-thresholds.ts'
export type { CheckRun, CheckWord, HealthCheck, HealthChecks } from './health-checks.ts'
export type { Call } from '../core/deadline.ts'
export type { Handler, Middleware } from '../core/handler.ts'
export { cacheMiddleware } from './cache-middleware.ts'
export type { CacheMiddlewareOptions } from './cache-options.ts'
export { cachedResponseSize, type CachedResponse, type StoredResponse } from './cache-entry.ts'
export { cachedResponseCodec, type CachedResponseCodec } from './cache-codec.ts'
export type { PathPattern } from './cache-key.ts'
export type { ResponseCache, ResponseStoring } from './cache-port.ts'
export type { CookiePattern } from './cache-request.ts'
export {
  deduplicationMiddleware,
  type DeduplicatedHandler,
  type DeduplicationMiddleware,
  type DeduplicationStats,
} from './dedup-middleware.ts'
export type { DeduplicationOptions, DeduplicationRunner } from './dedup-options.ts'
export { toNode, type NodeListener, type ToNodeOptions } from './to-node.ts'
export type { NodeRequestLike, NodeResponseLike } from './node-types.ts'
