// What an entry weighs when all of it is used: minified, gzip, with lru-cache and zod left out.
const budgets = {
  index: '40 kB',
  cache: '14.2 kB',
  dedup: '11 kB',
  metrics: '24.6 kB',
  pool: '7.5 kB',
  query: '10.6 kB',
  lazy: '4.5 kB',
  warmup: '4.5 kB',
  http: '36 kB',
  webhook: '7 kB',
  redis: '6.6 kB',
  pg: '5.2 kB',
  supabase: '4.6 kB',
  schemas: '3.5 kB',
  easymo: '82 kB',
  testing: '11 kB',
  cli: '19.5 kB',
}

export default Object.entries(budgets).map(([entry, limit]) => ({
  name: entry === 'index' ? '@easymo/perf' : entry === 'cli' ? 'easymo-perf (bin)' : `@easymo/perf/${entry}`,
  path: `dist/${entry}.js`,
  import: '*',
  gzip: true,
  limit,
  ignore: ['lru-cache', 'zod', 'zod/mini', 'node:*'],
  modifyEsbuildConfig: (config) => ({ ...config, format: 'esm', logLevel: 'error' }),
}))
