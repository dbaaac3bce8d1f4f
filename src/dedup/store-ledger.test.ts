import { describe, expect, it } from 'vitest'
import { finished, forever, gate, unavailable } from '../../test/support/dedup-probe.ts'
import { ids, key, startWatched } from '../../test/support/dedup-start.ts'
import { StoreSetupError } from '../core/errors.ts'

describe('a store that fails', () => {
  it('at the claim: nothing runs, and the caller is told to come again', async () => {
    for (const act of [forever, unavailable]) {
      const { clock, dedup, instead } = startWatched()
      instead('claimMany', act)
      const call = dedup.each(ids(3), { key, handle: () => expect.unreachable('it ran') })
      await expect(finished(clock, call)).rejects.toMatchObject({ code: 'ERR_PERF_STORE_UNAVAILABLE' })
      expect(clock.elapsed()).toBeLessThanOrEqual(1_005)
      expect(dedup.stats()).toMatchObject({ storeErrors: 1, claimed: 0 })
      instead('claimMany', undefined)
      expect(
        await finished(
          clock,
          dedup.once('m0', () => 1),
        ),
      ).toMatchObject({ status: 'done' })
    }
  })

  it('at the claim, for a while: is skipped after three, and probed once a second', async () => {
    const { clock, dedup, count, instead, told } = startWatched()
    instead('claimMany', forever)
    const call = (): Promise<unknown> =>
      finished(
        clock,
        dedup.once('m1', () => 1),
      ).catch((error: unknown) => error)
    for (let at = 0; at < 3; at += 1) expect(await call()).toMatchObject({ code: 'ERR_PERF_STORE_UNAVAILABLE' })
    expect(told('store.down')).toBe(1)
    for (let at = 0; at < 20; at += 1) expect(await call()).toMatchObject({ code: 'ERR_PERF_STORE_UNAVAILABLE' })
    expect(count('claimMany')).toBe(3)
    await clock.tick(1_000)
    instead('claimMany', undefined)
    expect(await call()).toEqual({ status: 'done', value: 1 })
    expect(told('store.recovered')).toBe(1)
  })

  it('at the claim, because it was set up wrong: says so', async () => {
    const { clock, dedup, instead, told } = startWatched()
    instead('claimMany', () => Promise.reject(new StoreSetupError('no such table')))
    for (let at = 0; at < 5; at += 1)
      await expect(
        finished(
          clock,
          dedup.once('m1', () => 1),
        ),
      ).rejects.toMatchObject({ code: 'ERR_PERF_STORE_SETUP' })
    expect([told('store.setup'), told('store.down')]).toEqual([1, 0])
  })

  it('at the claim, by what nobody explains: the caller is told to come again, and why', async () => {
    const { clock, dedup, instead } = startWatched()
    const cause = Object.assign(new Error('canceling statement'), { code: '57014' })
    instead('claimMany', () => Promise.reject(cause))
    const call = dedup.each(ids(3), { key, handle: () => expect.unreachable('it ran') })
    await expect(finished(clock, call)).rejects.toMatchObject({ code: 'ERR_PERF_STORE_UNAVAILABLE', cause })
  })

  it('by answering a claim too late: what it won then is given back', async () => {
    const { clock, dedup, other, instead, pause } = startWatched({ storeTimeoutMs: 250 })
    instead('claimMany', async (real) => {
      await pause(600)()
      return real()
    })
    await expect(finished(clock, dedup.each(ids(3), { key, handle: () => 1 }))).rejects.toMatchObject({
      code: 'ERR_PERF_STORE_UNAVAILABLE',
    })
    await clock.tick(600)
    instead('claimMany', undefined)
    expect(await finished(clock, other.each(ids(3), { key, handle: () => 1, waitMs: 0 }))).toMatchObject([
      { status: 'done' },
      { status: 'done' },
      { status: 'done' },
    ])
  })

  it('by answering claims too late, so that it is skipped: what they won is given back all the same', async () => {
    const { clock, dedup, other, instead, pause, told } = startWatched({ storeTimeoutMs: 250 })
    instead('claimMany', async (real) => {
      await pause(900)()
      return real()
    })
    const calls = ids(3).map((id) => dedup.once(id, () => 1))
    expect((await finished(clock, Promise.allSettled(calls))).map(({ status }) => status)).not.toContain('fulfilled')
    expect(told('store.down')).toBe(1)
    await clock.tick(700)
    instead('claimMany', undefined)
    const results = await finished(clock, other.each(ids(3), { key, handle: () => 1, waitMs: 0 }))
    expect(results.map(({ status }) => status)).toEqual(['done', 'done', 'done'])
  })

  it('by answering a claim too late: what another caller holds by then is left alone', async () => {
    const { clock, dedup, other, instead, pause } = startWatched({ storeTimeoutMs: 250 })
    instead('claimMany', async (real) => {
      instead('claimMany', undefined)
      await pause(600)()
      return real()
    })
    const late = dedup.once('m1', () => 'twice')
    late.catch(() => undefined)
    await clock.tick(300)
    const { opened, open } = gate()
    const second = other.once('m1', () => opened)
    await clock.tick(600)
    expect(
      await finished(
        clock,
        dedup.once('m1', () => 'twice', { waitMs: 0 }),
      ),
    ).toMatchObject({
      status: 'in-progress',
    })
    open()
    expect(await finished(clock, second)).toMatchObject({ status: 'done' })
    await expect(late).rejects.toMatchObject({ code: 'ERR_PERF_STORE_UNAVAILABLE' })
  })

  it('at the completion: the work is done all the same, degraded, and remembered here', async () => {
    for (const act of [forever, unavailable, () => Promise.reject(new StoreSetupError('read only'))]) {
      const { clock, dedup, told, instead } = startWatched()
      instead('completeMany', act)
      expect(
        await finished(
          clock,
          dedup.once('m1', () => 'sent'),
        ),
      ).toEqual({
        status: 'done',
        value: 'sent',
        degraded: true,
      })
      expect(
        await finished(
          clock,
          dedup.once('m1', () => 'sent twice'),
        ),
      ).toEqual({ status: 'duplicate' })
      expect(dedup.stats()).toMatchObject({ degraded: 1, completed: 1, storeErrors: 1 })
      expect(told('dedup.complete_failed')).toBe(1)
    }
  })

  it('at the completion of some: says of each update what became of it', async () => {
    const { clock, dedup, instead, pause } = startWatched()
    const handle = (update: string): Promise<void> | void => (update === 'm1' ? pause(100)() : undefined)
    const call = dedup.each(ids(3), { key, handle })
    await clock.tick(50)
    instead('completeMany', unavailable)
    const results = await finished(clock, call)
    expect(results.map((result) => result.status === 'done' && result.degraded)).toEqual([undefined, true, undefined])
  })

  it('at the release: the failure is answered as it is, and the lease ends by itself', async () => {
    const { clock, dedup, told, instead } = startWatched()
    instead('releaseMany', forever)
    await expect(
      finished(
        clock,
        dedup.once('m1', () => Promise.reject(new Error('x'))),
      ),
    ).rejects.toThrow('x')
    expect(told('dedup.release_failed')).toBe(1)
    expect(
      await finished(
        clock,
        dedup.once('m1', () => 1, { waitMs: 0 }),
      ),
    ).toMatchObject({ status: 'in-progress' })
    await clock.tick(30_000)
    // The store was never told that it had begun.
    expect(
      await finished(
        clock,
        dedup.once('m1', ({ attempt }) => attempt),
      ),
    ).toEqual({ status: 'done', value: 1 })
  })

  it('at the release, for a moment: the claim is given back when it next answers, and its run is counted', async () => {
    const { clock, dedup, other, instead } = startWatched()
    instead('releaseMany', unavailable)
    const failing = dedup.once('m1', () => Promise.reject(new Error('x')))
    await expect(finished(clock, failing)).rejects.toThrow('x')
    instead('releaseMany', undefined)
    expect(
      await finished(
        clock,
        dedup.once('another', () => 1),
      ),
    ).toMatchObject({ status: 'done' })
    expect(
      await finished(
        clock,
        other.once('m1', ({ attempt }) => attempt, { waitMs: 0 }),
      ),
    ).toEqual({ status: 'done', value: 2 })
  })

  it('while somebody waits for another caller: what the batch has done is answered', async () => {
    const { clock, dedup, other, instead } = startWatched()
    const { opened, open } = gate()
    const first = other.once('m0', () => opened)
    await clock.tick(1)
    const call = dedup.each(ids(2), { key, handle: () => 1, waitMs: 2_000 })
    await clock.tick(50)
    instead('claimMany', unavailable)
    expect((await finished(clock, call)).map(({ status }) => status)).toEqual(['in-progress', 'done'])
    open()
    await finished(clock, first)
  })

  it('by answering fewer claims than it was asked for: the rest is left for the resend', async () => {
    const { clock, dedup, instead } = startWatched()
    instead('claimMany', async (real) => ((await real()) as unknown[]).slice(0, 1) as never)
    const results = await finished(clock, dedup.each(ids(3), { key, handle: () => 1, waitMs: 0 }))
    expect(results.map(({ status }) => status)).toEqual(['done', 'in-progress', 'in-progress'])
  })
})

describe('the front', () => {
  it('does not answer for a key that is only leased, or failed, or lost to another owner', async () => {
    const { clock, dedup, instead } = startWatched()
    instead('completeMany', async () => [false] as never)
    expect(
      await finished(
        clock,
        dedup.once('lost', () => 1),
      ),
    ).toMatchObject({ status: 'done' })
    await expect(
      finished(
        clock,
        dedup.once('failed', () => Promise.reject(new Error('x'))),
      ),
    ).rejects.toThrow()
    expect([dedup.seen('lost'), dedup.seen('failed')]).toEqual([false, false])
  })

  it('hands stores well-formed keys without NUL, and keeps different keys different', async () => {
    const { clock, dedup, calls } = startWatched()
    const odd = ['a\0', 'a\ud800', 'a\udc00', 'a\ufffd', 'a\ufffdd800', 'a\ufffd0000', 'a\u{1f600}']
    await finished(clock, dedup.each(odd, { key, handle: () => 1 }))
    const asked = calls[0]?.keys ?? []
    expect(new Set(asked).size).toBe(odd.length)
    expect(asked.join('')).not.toMatch(/\0|\p{Cs}/u)
    expect(asked.at(-1)).toBe('a:a\u{1f600}')
  })
})
