/** What a bundle grows by: minified, gzip, without `lru-cache`. */
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { judge, type Comparison, type Figure } from './harness.ts'

async function gzipOf(names: string, atMost: number): Promise<Figure> {
  const { outputFiles } = await build({
    stdin: {
      contents: `export { ${names} } from '@easymo/perf/cache'`,
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
    },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    external: ['lru-cache'],
    write: false,
  })
  const bytes = outputFiles.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0)
  // 1 kB is 1000 bytes, as size-limit counts.
  return { of: `import { ${names} }`, value: bytes, unit: 'bytes', atMost }
}

export async function sizes(): Promise<Comparison> {
  return judge('size in a bundle, gzip, without lru-cache', [
    await gzipOf('createCache', 3_000),
    await gzipOf('createCache, createTieredCache', 6_000),
  ])
}
