import { describe, expect, it } from 'vitest'
import { finished, gate, unavailable } from '../../test/support/dedup-probe.ts'
import { ids, key, startWatched } from '../../test/support/dedup-start.ts'

describe('a lease', () => {
  it('is kept by a batch that outlasts it, in one round trip a third of the lease', async () => {
    const { clock, dedup, other, calls, count } = startWatched({ leaseMs: 900 })
    const { opened, open } = gate()
    const aborted: boolean[] = []
    const call = dedup.each(ids(20), {
      key,
      handle: async (_, { signal }) => {
        await opened
        aborted.push(signal.aborted)
      },
    })
    await clock.tick(5_000)
    expect(count('renewMany')).toBe(16)
    expect(calls.findLast(({ method }) => method === 'renewMany')?.keys).toHaveLength(20)
    expect(await finished(clock, other.each(ids(20), { key, handle: () => 1, waitMs: 0 }))).toEqual(
      ids(20).map((id) => ({ key: id, status: 'in-progress', retryAfterMs: expect.any(Number) as number })),
    )
    open()
    const results = await finished(clock, call)
    expect(results.every(({ status }) => status === 'done')).toBe(true)
    expect(aborted).not.toContain(true)
    expect(dedup.stats().leasesLost).toBe(0)
    const renewed = count('renewMany')
    await clock.tick(5_000)
    expect(count('renewMany')).toBe(renewed)
  })

  it('is renewed for what is still worked on, not for what has ended', async () => {
    const { clock, dedup, calls } = startWatched({ leaseMs: 900 })
    const { opened, open } = gate()
    const handle = (update: string): Promise<void> | void => (update === 'm1' ? opened : undefined)
    const call = dedup.each(ids(3), { key, handle })
    await clock.tick(301)
    expect(calls.filter(({ method }) => method === 'renewMany')).toEqual([{ method: 'renewMany', keys: ['a:m1'] }])
    open()
    await finished(clock, call)
  })

  it('is renewed for what was won by waiting, too', async () => {
    const { clock, dedup, other, count } = startWatched({ leaseMs: 900 })
    const { opened, open } = gate()
    const first = other.once('m1', () => opened.then(() => Promise.reject(new Error('gives it back'))))
    first.catch(() => undefined)
    await clock.tick(1)
    const work = gate()
    const second = dedup.once('m1', () => work.opened, { waitMs: 5_000 })
    await clock.tick(1_500)
    open()
    await clock.tick(3_000)
    expect(
      await finished(
        clock,
        other.once('m1', () => 'twice', { waitMs: 0 }),
      ),
    ).toMatchObject({
      status: 'in-progress',
    })
    expect(count('renewMany')).toBeGreaterThan(8)
    work.open()
    expect(await finished(clock, second)).toMatchObject({ status: 'done' })
  })

  it('that is lost aborts the signal, is counted, and what was done is answered as done', async () => {
    const { clock, dedup, other, told, instead } = startWatched({ leaseMs: 900 })
    const { opened, open } = gate()
    const reasons: unknown[] = []
    const call = dedup.once('m1', async ({ signal }) => {
      await opened
      reasons.push(signal.aborted && (signal.reason as { code: string }).code)
      return 'late'
    })
    // A process that stands still: no renewal reaches the store, and another one takes the claim over.
    instead('renewMany', async () => [] as never)
    await clock.tick(950)
    expect(
      await finished(
        clock,
        other.once('m1', ({ attempt }) => attempt),
      ),
    ).toEqual({ status: 'done', value: 1 })
    instead('renewMany', undefined)
    await clock.tick(400)
    open()
    expect(await finished(clock, call)).toEqual({ status: 'done', value: 'late' })
    expect(reasons).toEqual(['ERR_PERF_STORE_UNAVAILABLE'])
    expect(dedup.stats()).toMatchObject({ leasesLost: 1, degraded: 0 })
    expect(told('dedup.lease_lost')).toBe(1)
  })

  it('is not given up because the store did not answer a renewal', async () => {
    const { clock, dedup, told, instead } = startWatched({ leaseMs: 900 })
    const { opened, open } = gate()
    let aborted: boolean | undefined
    const call = dedup.once('m1', ({ signal }) => opened.then(() => (aborted = signal.aborted)))
    instead('renewMany', unavailable)
    await clock.tick(650)
    instead('renewMany', undefined)
    open()
    expect(await finished(clock, call)).toMatchObject({ status: 'done' })
    expect(aborted).toBe(false)
    expect(told('dedup.renew_failed')).toBe(2)
  })

  it('that ended in the middle of a renewal is not called lost', async () => {
    const { clock, dedup, told, instead, pause } = startWatched({ leaseMs: 300 })
    // The renewal is answered after the end was written, and before that was answered.
    instead('renewMany', async (real) => {
      await pause(10)()
      return real()
    })
    instead('completeMany', async (real) => {
      const answer = await real()
      await pause(20)()
      return answer
    })
    expect(await finished(clock, dedup.once('m1', pause(102)))).toMatchObject({ status: 'done' })
    expect(dedup.stats().leasesLost).toBe(0)
    expect(told('dedup.lease_lost')).toBe(0)
  })
})
