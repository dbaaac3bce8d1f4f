/** The pool against the pools that people use, and against no pool at all. */
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { judge, type Comparison } from './harness.ts'
import { borrows } from './pool-borrow.ts'
import { ends } from './pool-peers.ts'
import { supabase } from './pool-supabase.ts'
import { tls } from './pool-tls.ts'

async function size(): Promise<Comparison> {
  const contents = "export { createPool } from '@easymo/perf/pool'"
  const resolveDir = fileURLToPath(new URL('.', import.meta.url))
  const { outputFiles } = await build({
    ...{ stdin: { contents, resolveDir }, bundle: true, minify: true, format: 'esm', target: 'es2022', write: false },
  })
  const value = outputFiles.reduce((sum, file) => sum + gzipSync(file.contents, { level: 9 }).length, 0)
  return judge('size in a bundle, gzip', [{ of: 'import { createPool }', value, unit: 'bytes', atMost: 3_000 }])
}

export async function run(): Promise<Comparison[]> {
  const borrowed = await borrows()
  for (const end of ends) await end()
  return [...borrowed, await tls(), await supabase(), await size()]
}
