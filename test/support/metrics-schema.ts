import { migration, sqlSchema, type SqlSchema } from './sql-schema.ts'

/** The SQL of the migration of the metrics, and of what takes it back. */
export const metricsMigration = (): Promise<string> => migration('0004_metrics')
export const metricsRollback = (): Promise<string> => migration('0004_metrics.rollback')

/** Forgets every flush, as if the migration had just run. */
export const FORGET_METRICS =
  'truncate easymo_metrics_flushes, easymo_metrics_series, easymo_metrics_gauges, easymo_metrics_definitions'

/** A schema of one's own with the tables of the metrics. */
export const metricsSchema = async (postgresUrl: string): Promise<SqlSchema> =>
  sqlSchema(postgresUrl, await metricsMigration())
