import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** What can be set up in a database: the indexes of the EasyMO tables, and the tables of the stores. */
export type Component = 'indexes' | 'cache' | 'dedup' | 'metrics'

/** The file of each component, without its ending; its rollback stands beside it. */
const componentFiles: Readonly<Record<Component, string>> = {
  indexes: '0001_performance_indexes',
  cache: '0002_cache',
  dedup: '0003_dedup',
  metrics: '0004_metrics',
}

/** For a list of them. */
export const componentSummaries: Readonly<Record<Component, string>> = {
  indexes: 'the 20 performance indexes of the EasyMO tables',
  cache: 'what pgCacheStore and supabaseCacheStore need',
  dedup: 'what pgDedupStore and supabaseDedupStore need',
  metrics: 'what pgMetricsStore and supabaseMetricsStore need',
}

export const components = Object.keys(componentFiles) as readonly Component[]

/** Which form of a migration. Only the indexes are large enough to be built in the background. */
export type Form = 'plain' | 'concurrent' | 'rollback'

/** The name of the file that is shipped for it. */
export function fileOf(component: Component, form: Form): string {
  const ending = form === 'plain' || (form === 'concurrent' && component !== 'indexes') ? '' : `.${form}`
  return `${componentFiles[component]}${ending}.sql`
}

/** Reads the file out of the package, wherever that is installed. */
export function sqlOf(component: Component, form: Form): Promise<string> {
  const home = dirname(createRequire(import.meta.url).resolve('@easymo/perf/package.json'))
  return readFile(join(home, 'migrations', fileOf(component, form)), 'utf8')
}
