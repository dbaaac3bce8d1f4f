/** The pool against the pools that people use, and against no pool at all. */
import { gzipOf } from './bundle-size.ts'
import { judge, type Comparison } from './harness.ts'
import { borrows } from './pool-borrow.ts'
import { ends } from './pool-peers.ts'
import { supabase } from './pool-supabase.ts'
import { tls } from './pool-tls.ts'

async function size(): Promise<Comparison> {
  const value = await gzipOf("export { createPool } from '@easymo/perf/pool'")
  return judge('size in a bundle, gzip', [{ of: 'import { createPool }', value, unit: 'bytes', atMost: 3_000 }])
}

export async function run(): Promise<Comparison[]> {
  const borrowed = await borrows()
  for (const end of ends) await end()
  return [...borrowed, await tls(), await supabase(), await size()]
}
