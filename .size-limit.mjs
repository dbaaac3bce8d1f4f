// What an entry weighs when all of it is used: minified, gzip, with lru-cache and zod left out.
const budgets = {
  index: '48 kB',
  cache: '14.5 kB',
  dedup: '15.4 kB',
  metrics: '25.4 kB',
  pool: '7.6 kB',
  query: '12.3 kB',
  lazy: '4.5 kB',
  warmup: '4.5 kB',
  http: '42.4 kB',
  webhook: '11.7 kB',
  redis: '8.2 kB',
  pg: '5.5 kB',
  supabase: '4.6 kB',
  schemas: '3.5 kB',
  easymo: '98 kB',
  testing: '12.5 kB',
  cli: '24.8 kB',
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
