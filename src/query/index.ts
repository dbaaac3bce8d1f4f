export type {
  Database,
  DatabaseCall,
  RestAnswer,
  RestDatabase,
  RestRequest,
  SqlDatabase,
  SqlStatement,
} from '../core/database.ts'
export { constant, type Constant } from './constant.ts'
export { QueryError, type QueryErrorOptions } from './error.ts'
export { planCacheStats, query, type PlanCacheStats, type QueryOptions } from './query.ts'
export type {
  Column,
  Comparable,
  Data,
  ExecuteOptions,
  Filters,
  KeysetPage,
  Listed,
  NumberedPage,
  OrderOptions,
  Page,
  PageSize,
  Query,
  QueryResult,
  Settled,
  Shape,
} from './types.ts'
