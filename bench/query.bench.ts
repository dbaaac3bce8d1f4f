import { gzipOf } from './bundle-size.ts'
import { judge, type Comparison } from './harness.ts'
import { built } from './query-build.ts'
import { pages } from './query-pages.ts'

export async function run(): Promise<Comparison[]> {
  const build = await built()
  const used = await gzipOf("export { query } from '@easymo/perf/query'")
  const all = await gzipOf("export * from '@easymo/perf/query'")
  return [
    build,
    ...(await pages()),
    // 1 kB is 1000 bytes, as size-limit counts.
    judge('size in a bundle, gzip', [
      { of: 'import { query }', value: used, unit: 'bytes', atMost: 5_000 },
      { of: 'everything in /query', value: all, unit: 'bytes' },
    ]),
  ]
}
