import { migration, sqlSchema, type SqlSchema } from './sql-schema.ts'

/** The SQL of the dedup's migration, and of what takes it back. */
export const dedupMigration = (): Promise<string> => migration('0003_dedup')
export const dedupRollback = (): Promise<string> => migration('0003_dedup.rollback')

/** Forgets every claim, as if the migration had just run. */
export const FORGET_CLAIMS = 'truncate easymo_dedup'

/** A schema of one's own with the table of the dedup. */
export const dedupSchema = async (postgresUrl: string): Promise<SqlSchema> =>
  sqlSchema(postgresUrl, await dedupMigration())
