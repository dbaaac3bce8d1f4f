// Drop in src/dedup/. Fails today: 1000 calls of releaseMany.
import { expect, it } from 'vitest'
import { probed } from '../../test/support/dedup-probe.ts'
import { fails, ids, key } from '../../test/support/dedup-start.ts'
import { createDedup } from './dedup.ts'
import { memoryDedupStore } from './memory-store.ts'

it('gives a thousand updates back in a few round trips when all of them fail', async () => {
  const { store, count } = probed(memoryDedupStore())
  const dedup = createDedup({ name: 'a', store })
  await dedup.each(ids(1_000), { key, concurrency: 1_000, handle: fails() })
  expect(count('releaseMany')).toBeLessThanOrEqual(5)
})
