export type {
  Database,
  DatabaseCall,
  RestAnswer,
  RestDatabase,
  RestRequest,
  SqlDatabase,
  SqlStatement,
} from '../core/database.ts'
export { QueryError, type QueryErrorOptions } from './error.ts'
export { query, type QueryOptions } from './query.ts'
export type {
  Column,
  Comparable,
  Data,
  ExecuteOptions,
  Filters,
  Listed,
  OrderOptions,
  Page,
  Query,
  QueryResult,
  Settled,
  Shape,
} from './types.ts'
