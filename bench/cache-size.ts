/** What a bundle grows by: minified, gzip, without `lru-cache`. */
import { gzipOf } from './bundle-size.ts'
import { judge, type Comparison, type Figure } from './harness.ts'

async function figure(names: string, atMost: number): Promise<Figure> {
  const value = await gzipOf(`export { ${names} } from '@easymo/perf/cache'`, ['lru-cache'])
  // 1 kB is 1000 bytes, as size-limit counts.
  return { of: `import { ${names} }`, value, unit: 'bytes', atMost }
}

export async function sizes(): Promise<Comparison> {
  return judge('size in a bundle, gzip, without lru-cache', [
    await figure('createCache', 3_000),
    await figure('createCache, createTieredCache', 6_000),
  ])
}
