// What an entry weighs when all of it is used: minified, gzip, with lru-cache and zod left out.
const budgets = {
  index: '22 kB',
  cache: '5.5 kB',
  dedup: '7.5 kB',
  metrics: '8.5 kB',
  pool: '6 kB',
  query: '7.5 kB',
  lazy: '4.5 kB',
  warmup: '4.5 kB',
  http: '11 kB',
  webhook: '7 kB',
  redis: '4.5 kB',
  pg: '4 kB',
  supabase: '3.5 kB',
  schemas: '3.5 kB',
  easymo: '18 kB',
  testing: '6.5 kB',
  cli: '8.5 kB',
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
