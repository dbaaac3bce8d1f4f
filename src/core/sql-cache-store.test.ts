import { expect, it } from 'vitest'
import { sqlCacheStore } from './sql-cache-store.ts'

it('a conflict that does not pass is thrown as it is after four tries, everything else at once', async () => {
  for (const [code, tries] of [
    ['40P01', 4],
    ['40001', 4],
    ['22P05', 1],
    [undefined, 1],
  ] as const) {
    let calls = 0
    const refusal = Object.assign(new Error('refused'), { code })
    const store = sqlCacheStore(() => {
      calls += 1
      return Promise.reject(refusal)
    })
    await expect(store.deleteMany(['a'], { keepMs: 1 })).rejects.toBe(refusal)
    expect(calls).toBe(tries)
  }
})

it.each([
  [undefined],
  [null],
  ['text'],
  [{}],
  [{ now: '1', records: [null], stamps: [null] }],
  [{ now: 1, records: [], stamps: [null] }],
  [{ now: 1, records: [null], stamps: null }],
])('an answer of %j to a read is a mistake in the set-up', async (answer) => {
  await expect(sqlCacheStore(async () => answer).readMany(['a'], ['t'])).rejects.toMatchObject({
    code: 'ERR_PERF_STORE_SETUP',
  })
})

it('what lasts for more than a century lasts for ever', async () => {
  const sent: unknown[] = []
  const store = sqlCacheStore(async (_, args) => void sent.push(args))
  for (const ms of [-1, 0, 0.25, 3e12, 4e12, 1e300, Infinity]) await store.deleteMany(['a'], { keepMs: ms })
  expect(sent).toEqual([-1, 0, 1, 3e12, null, null, null].map((keep_ms) => ({ keys: ['a'], keep_ms })))
})
