import { expect, it } from 'vitest'
import { claims, ends } from '../testing/dedup-store-case.ts'
import { sqlDedupStore } from './sql-dedup-store.ts'

it('what the functions of another version say of a claim is present, never a miss', async () => {
  const said = [{ status: 'paused', leftMs: 7 }, { status: 'won', runs: 0 }, { status: 'leased' }, null, 'won', true]
  const asked = claims('t', 'a', 'b', 'c', 'd', 'e', 'f')
  const met = await sqlDedupStore(async () => said).claimMany(asked, { leaseMs: 900 })
  expect(met).toEqual([7, 900, 900, 900, 900, 900].map((leftMs) => ({ status: 'leased', leftMs })))
})

it.each([[undefined], [null], ['text'], [{}], [[]], [[true, true]]])(
  'an answer of %j for one key is a mistake in the set-up',
  async (answer) => {
    const store = sqlDedupStore(async () => answer)
    for (const call of [
      () => store.claimMany(claims('t', 'a'), { leaseMs: 1 }),
      () => store.beginMany(claims('t', 'a')),
      () => store.renewMany(claims('t', 'a'), { leaseMs: 1 }),
      () => store.completeMany(ends('done', 't', 'a'), { retentionMs: 1 }),
      () => store.releaseMany(claims('t', 'a')),
      () => store.reviveMany(['a']),
    ])
      await expect(call()).rejects.toMatchObject({ code: 'ERR_PERF_STORE_SETUP' })
  },
)
