import { migration, sqlSchema, type SqlSchema } from './sql-schema.ts'

/** The SQL of the cache's migration, and of what takes it back. */
export const cacheMigration = (): Promise<string> => migration('0002_cache')
export const cacheRollback = (): Promise<string> => migration('0002_cache.rollback')

/** Forgets what is cached, as if the migration had just run. */
export const FORGET = 'truncate easymo_cache_entries, easymo_cache_tags'

/** A schema of one's own with the tables of the cache. */
export const cacheSchema = async (postgresUrl: string): Promise<SqlSchema> =>
  sqlSchema(postgresUrl, await cacheMigration())
