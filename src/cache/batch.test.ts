import { expect, it, vi } from 'vitest'
import { deferred } from '../../test/support/flying.ts'
import { Batch } from './batch.ts'

const call = { signal: new AbortController().signal }
const lengths = () => vi.fn((keys: readonly string[]) => keys.map((key) => key.length))

/** Whether the batch has called for its values by now. */
async function begun({ mock }: { readonly mock: { readonly calls: readonly unknown[] } }): Promise<boolean> {
  await new Promise((resolve) => setImmediate(resolve))
  return mock.calls.length > 0
}

it('waits until everybody who may ask has asked or said that it will not', async () => {
  const loadMany = lengths()
  const batch = new Batch<number>(loadMany)
  for (let n = 0; n < 3; n += 1) batch.expect()
  const first = batch.load('a', call)
  batch.skip()
  expect(await begun(loadMany)).toBe(false)
  batch.skip()
  expect(await begun(loadMany)).toBe(false)
  const second = batch.load('bb', call)
  expect([await first, await second]).toEqual([1, 2])
  expect(loadMany.mock.calls).toEqual([[['a', 'bb'], call]])
})

it('calls for nothing when nobody asks', async () => {
  const loadMany = lengths()
  const batch = new Batch<number>(loadMany)
  batch.expect()
  batch.skip()
  batch.skip()
  expect(await begun(loadMany)).toBe(false)
})

it('loads what comes late in one turn together, and does not mix it up with the others', async () => {
  const work = deferred<number[]>()
  const loadMany = vi.fn((keys: readonly string[]) =>
    keys.includes('a') ? work.promise : keys.map((key) => key.length),
  )
  const batch = new Batch<number>(loadMany)
  batch.expect()
  const early = batch.load('a', call)
  batch.skip()
  expect(await begun(loadMany)).toBe(true)
  batch.expect()
  batch.expect()
  expect(await Promise.all(['late', 'later'].map((key) => batch.load(key, call)))).toEqual([4, 5])
  expect(await batch.load('last', call)).toBe(4)
  work.resolve([10])
  expect(await early).toBe(10)
  expect(loadMany.mock.calls.map(([keys]) => keys)).toEqual([['a'], ['late', 'later'], ['last']])
})
