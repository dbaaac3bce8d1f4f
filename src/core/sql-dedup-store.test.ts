import { expect, it } from 'vitest'
import { sqlDedupStore } from './sql-dedup-store.ts'

it('what the functions of another version say of a claim is present, never a miss', async () => {
  const said = [{ status: 'paused', leftMs: 7 }, { status: 'won' }, { status: 'leased' }, null, 'won', true]
  const claims = await sqlDedupStore(async () => said).claimMany(['a', 'b', 'c', 'd', 'e', 'f'], 't', 900)
  expect(claims).toEqual([7, 900, 900, 900, 900, 900].map((leftMs) => ({ status: 'leased', leftMs })))
})

it.each([[undefined], [null], ['text'], [{}], [[]], [[true, true]]])(
  'an answer of %j for one key is a mistake in the set-up',
  async (answer) => {
    const store = sqlDedupStore(async () => answer)
    for (const call of [
      () => store.claimMany(['a'], 't', 1),
      () => store.renewMany(['a'], 't', 1),
      () => store.completeMany(['a'], 't', { as: 'done', retentionMs: 1 }),
    ])
      await expect(call()).rejects.toMatchObject({ code: 'ERR_PERF_STORE_SETUP' })
  },
)
