import { describe, expect, it, vi } from 'vitest'
import { finished, forever, gate, unavailable } from '../../test/support/dedup-probe.ts'
import { fails, ids, key, startWatched } from '../../test/support/dedup-start.ts'
import { NonRetryable, StoreSetupError } from '../core/errors.ts'

const RECOVERED_MS = 2_500

describe("onStoreError: 'process'", () => {
  const process = { onStoreError: 'process' } as const

  it('does the work all the same, and says that the store does not know', async () => {
    for (const act of [forever, unavailable]) {
      const { clock, dedup, instead } = startWatched(process)
      instead('claimMany', act)
      expect(
        await finished(
          clock,
          dedup.once('m', () => 7),
        ),
      ).toEqual({ status: 'done', value: 7, degraded: true })
      expect(dedup.stats()).toMatchObject({ storeErrors: 1, degraded: 1, completed: 1 })
    }
  })

  it('does it once in this process, also side by side', async () => {
    const { clock, dedup, instead } = startWatched(process)
    instead('claimMany', unavailable)
    const work = vi.fn(async () => 1)
    const calls = ids(20).map(() => dedup.once('m', work))
    const statuses = (await finished(clock, Promise.all(calls))).map(({ status }) => status)
    expect(statuses.filter((status) => status === 'done')).toHaveLength(1)
    expect(work).toHaveBeenCalledTimes(1)
  })

  it('gives a claim back that failed, counts its attempts, and parks what cannot succeed', async () => {
    const { clock, dedup, instead } = startWatched(process)
    instead('claimMany', unavailable)
    await expect(finished(clock, dedup.once('m', fails()))).rejects.toThrow('db down')
    const attempts: number[] = []
    await finished(
      clock,
      dedup.once('m', ({ attempt }) => void attempts.push(attempt)),
    )
    expect(attempts).toEqual([2])
    const park = vi.fn()
    const poison = (): never => {
      throw new NonRetryable('never')
    }
    expect(await finished(clock, dedup.once('p', poison, { park }))).toEqual({ status: 'dead' })
    expect(await finished(clock, dedup.once('p', poison, { park }))).toEqual({ status: 'dead' })
    expect(park).toHaveBeenCalledTimes(1)
  })

  it('tells the store when that is back, so that other processes know', async () => {
    const { clock, dedup, other, instead } = startWatched({ ...process, windowMs: 100 })
    instead('claimMany', unavailable)
    await finished(clock, dedup.each(ids(3), { key, handle: () => 1 }))
    instead('claimMany', undefined)
    await clock.tick(RECOVERED_MS)
    expect(await finished(clock, other.each(ids(3), { key, handle: () => expect.unreachable('done before') }))).toEqual(
      ids(3).map((id) => ({ key: id, status: 'duplicate' })),
    )
  })

  it('gives the claim back that a slow store won in the meantime, and writes the end where nobody has it', async () => {
    const { clock, dedup, other, count, instead, pause } = startWatched({ ...process, storeTimeoutMs: 250 })
    instead('claimMany', async (real) => {
      const claims = await real()
      await pause(600)()
      return claims
    })
    expect(
      await finished(
        clock,
        dedup.once('m', () => 1),
      ),
    ).toMatchObject({ status: 'done', degraded: true })
    instead('claimMany', undefined)
    await clock.tick(RECOVERED_MS)
    expect([count('releaseMany'), count('completeMany')]).toEqual([1, 1])
    expect(
      await finished(
        clock,
        other.once('m', () => expect.unreachable('done before')),
      ),
    ).toEqual({ status: 'duplicate' })
  })

  it('takes no wrong set-up for an outage', async () => {
    const { clock, dedup, instead } = startWatched(process)
    instead('claimMany', () => Promise.reject(new StoreSetupError('no such table')))
    await expect(
      finished(
        clock,
        dedup.once('m', () => expect.unreachable()),
      ),
    ).rejects.toMatchObject({
      code: 'ERR_PERF_STORE_SETUP',
    })
  })

  it('takes a store that refused, and is silent since, for one that refuses still', async () => {
    const { clock, dedup, instead } = startWatched(process)
    const call = (): Promise<unknown> => finished(clock, dedup.once('m', () => 1)).catch((error: unknown) => error) // prettier-ignore
    instead('claimMany', () => Promise.reject(new StoreSetupError('no such user')))
    const refused = [await call()]
    instead('claimMany', forever)
    for (let at = 0; at < 5; at += 1) refused.push(await call())
    expect(refused).toEqual(refused.map(() => expect.objectContaining({ code: 'ERR_PERF_STORE_SETUP' }) as unknown))
    instead('claimMany', undefined)
    await clock.tick(1_000)
    expect(await call()).toEqual({ status: 'done', value: 1 })
    instead('claimMany', forever)
    expect(await finished(clock, dedup.once('n', () => 1))).toEqual({ status: 'done', value: 1, degraded: true }) // prettier-ignore
  })

  it('does the work when the store throws what nobody explains', async () => {
    const { clock, dedup, instead } = startWatched(process)
    instead('claimMany', () => Promise.reject(new Error('canceling statement due to statement timeout')))
    expect(await finished(clock, dedup.once('m', () => 1))).toEqual({ status: 'done', value: 1, degraded: true }) // prettier-ignore
  })
})

describe('an end that the store could not be told of', () => {
  it('is remembered here until it could, far beyond the window', async () => {
    const { clock, dedup, other, count, instead } = startWatched({ windowMs: 100, leaseMs: 60_000 })
    instead('completeMany', unavailable)
    expect(await finished(clock, dedup.once('m', () => 1))).toEqual({ status: 'done', value: 1, degraded: true }) // prettier-ignore
    await clock.tick(10_000)
    expect(count('completeMany')).toBeGreaterThan(5)
    expect(
      await finished(
        clock,
        dedup.once('m', () => expect.unreachable()),
      ),
    ).toEqual({ status: 'duplicate' })
    instead('completeMany', undefined)
    await clock.tick(RECOVERED_MS)
    expect(
      await finished(
        clock,
        other.once('m', () => expect.unreachable()),
      ),
    ).toEqual({ status: 'duplicate' })
    const told = count('completeMany')
    await clock.tick(10_000)
    expect(count('completeMany')).toBe(told)
  })

  it('is told also after the lease is over, if nobody else has taken it', async () => {
    const { clock, dedup, other, instead } = startWatched({ windowMs: 100, leaseMs: 1_000 })
    instead('completeMany', unavailable)
    await finished(clock, dedup.once('m', () => 1)) // prettier-ignore
    await clock.tick(30_000)
    instead('completeMany', undefined)
    await clock.tick(RECOVERED_MS)
    expect(
      await finished(
        clock,
        other.once('m', () => expect.unreachable()),
      ),
    ).toEqual({ status: 'duplicate' })
  })

  it('counts as one id, before and after', async () => {
    const { clock, dedup, instead } = startWatched()
    instead('completeMany', unavailable)
    await finished(clock, dedup.once('m', () => 1)) // prettier-ignore
    expect(dedup.stats().size).toBe(1)
    instead('completeMany', undefined)
    await clock.tick(RECOVERED_MS)
    expect([dedup.stats().size, dedup.seen('m')]).toEqual([1, true])
  })

  it('that was a parking is remembered as such', async () => {
    const { clock, dedup, instead } = startWatched({ leaseMs: 60_000 })
    instead('completeMany', unavailable)
    const park = vi.fn()
    const call = () => finished(clock, dedup.once('m', fails(), { maxAttempts: 1, park }))
    expect([await call(), await call()]).toEqual([{ status: 'dead' }, { status: 'dead' }])
    expect(park).toHaveBeenCalledTimes(1)
  })
})

describe("onInProgress: 'return'", () => {
  it('answers at once what others work on, unless the call says how long it waits', async () => {
    const { clock, dedup, other } = startWatched({ onInProgress: 'return' })
    const { opened, open } = gate()
    const first = dedup.once('m', () => opened)
    await clock.tick(0)
    const before = clock.elapsed()
    expect(await finished(clock, other.once('m', () => 1))).toMatchObject({ status: 'in-progress' }) // prettier-ignore
    expect(clock.elapsed() - before).toBeLessThan(20)
    const patient = other.once('m', () => 1, { waitMs: 5_000 })
    await clock.tick(100)
    open()
    await finished(clock, first)
    expect(await finished(clock, patient)).toEqual({ status: 'duplicate' })
  })
})
