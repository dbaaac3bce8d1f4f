/** The cache against the caches that people use: time, hits, memory, size. */
import { evictions } from './cache-evict.ts'
import { heap } from './cache-heap.ts'
import { hitRatios } from './cache-hit-ratio.ts'
import { hits } from './cache-hits.ts'
import { reads } from './cache-reads.ts'
import { ours, phones, PROFILE } from './cache-setup.ts'
import { sizes } from './cache-size.ts'
import { judge, type Comparison } from './harness.ts'

// The bundle is also the program of the process that counts memory.
export { measureHeap } from './cache-heap.ts'

async function herd(): Promise<Comparison> {
  const cache = ours({})
  const [key = ''] = phones(1)
  const load = async () => PROFILE
  await Promise.all(Array.from({ length: 100 }, () => cache.getOrSet(key, load)))
  return judge('100 callers of one cold key', [{ of: 'loads', value: cache.stats().loads, unit: 'loads', atMost: 1 }])
}

export async function run(): Promise<Comparison[]> {
  return [...(await hits()), await reads(), ...(await evictions()), ...hitRatios(), heap(), await herd(), await sizes()]
}
