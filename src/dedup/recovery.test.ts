import { describe, expect, it } from 'vitest'
import { startCrew } from '../../test/support/dedup-crew.ts'
import { finished } from '../../test/support/dedup-probe.ts'
import { fails, ids, key, startWatched } from '../../test/support/dedup-start.ts'
import { UnconfirmedEnds, type EndTelling } from './unconfirmed.ts'

describe('a claim that was given up', () => {
  it.each(['reject', 'process'] as const)(
    'is given back as not begun when the store answers again, with onStoreError: %s',
    async (onStoreError) => {
      const { clock, member } = startCrew()
      const [first, second] = [member({ onStoreError, leaseMs: 60_000 }), member()]
      first.weather((method) => (method === 'claimMany' ? 'unheard' : 'well'))
      const call = first.dedup.once('m', fails('failed here'))
      await expect(finished(clock, call)).rejects.toThrow(onStoreError === 'reject' ? 'did not answer' : 'failed here')
      const locked = await finished(clock, second.dedup.once('m', fails('ran'), { waitMs: 0 }))
      expect(locked).toMatchObject({ status: 'in-progress' })
      first.weather(() => 'well')
      await finished(
        clock,
        first.dedup.once('other', () => 1),
      )
      await clock.tick(10)
      const free = second.dedup.once('m', ({ attempt }) => attempt, { waitMs: 0 })
      expect(await finished(clock, free)).toEqual({ status: 'done', value: 1 })
    },
  )

  it('is given back when it is granted late, after it was given back once', async () => {
    const { clock, member } = startCrew()
    const [first, second] = [member({ leaseMs: 60_000 }), member()]
    first.weather((method) => (method === 'claimMany' ? 'late' : 'well'))
    await expect(finished(clock, first.dedup.once('m', fails('ran')))).rejects.toMatchObject({
      code: 'ERR_PERF_STORE_UNAVAILABLE',
    })
    first.weather(() => 'well')
    await finished(
      clock,
      first.dedup.once('x', () => 1),
    )
    await clock.tick(2_000)
    await finished(
      clock,
      first.dedup.once('y', () => 1),
    )
    await clock.tick(10)
    const free = second.dedup.once('m', ({ attempt }) => attempt, { waitMs: 0 })
    expect(await finished(clock, free)).toEqual({ status: 'done', value: 1 })
  })

  it('by a reclaim is given back, too', async () => {
    const { clock, member } = startCrew()
    const [first, second, third] = [member(), member({ leaseMs: 60_000 }), member()]
    const work = first.dedup.once(
      'm',
      () => new Promise<void>((_, no) => void clock.after(400, () => no(new Error('x')))),
    )
    work.catch(() => undefined)
    await clock.tick(10)
    const waiting = second.dedup.once('m', fails('ran'), { waitMs: 700 })
    await clock.tick(300)
    second.weather((method) => (method === 'claimMany' ? 'unheard' : 'well'))
    expect(await finished(clock, waiting)).toMatchObject({ status: 'in-progress' })
    second.weather(() => 'well')
    await clock.tick(1_000)
    await finished(
      clock,
      second.dedup.once('x', () => 1),
    )
    await clock.tick(10)
    const free = third.dedup.once('m', ({ attempt }) => attempt, { waitMs: 0 })
    expect(await finished(clock, free)).toEqual({ status: 'done', value: 2 })
  })

  it('of a delivery of thousands is given back in slices', async () => {
    const { clock, dedup, other, instead, calls } = startWatched({ leaseMs: 60_000 })
    instead('claimMany', async (real) => {
      await real()
      return new Promise<never>(() => undefined)
    })
    await expect(finished(clock, dedup.each(ids(1_200), { key, handle: fails('ran') }))).rejects.toMatchObject({
      code: 'ERR_PERF_STORE_UNAVAILABLE',
    })
    instead('claimMany', undefined)
    await finished(
      clock,
      dedup.once('x', () => 1),
    )
    await clock.tick(10)
    const released = calls.filter(({ method }) => method === 'releaseMany').map(({ keys }) => keys.length)
    expect(released).toEqual([500, 500, 200])
    const free = await finished(clock, other.each(ids(1_200), { key, handle: (_, { attempt }) => attempt, waitMs: 0 }))
    expect(free.every((result) => result.status === 'done' && result.value === 1)).toBe(true)
  })
})

describe('ends that the store could not be told of', () => {
  it('are told in slices once it is back, with one call for each', async () => {
    const { clock, dedup, other, instead, calls, told } = startWatched({ onStoreError: 'process' })
    const refused = (): Promise<never> => Promise.reject(new Error('connection refused'))
    instead('claimMany', refused)
    instead('completeMany', refused)
    for (let batch = 0; batch < 5; batch += 1)
      await finished(
        clock,
        dedup.each(
          ids(600).map((id) => `${batch}${id}`),
          { key, handle: () => 1 },
        ),
      )
    expect(dedup.stats()).toMatchObject({ completed: 3_000, degraded: 3_000, endsDropped: 0 })
    instead('claimMany', undefined)
    instead('completeMany', undefined)
    calls.length = 0
    await clock.tick(5_000)
    const sizes = calls.map(({ method, keys }) => `${method} ${keys.length}`)
    expect(sizes).toEqual(Array(6).fill('completeMany 500'))
    const resend = await finished(
      clock,
      other.each(
        ids(600).map((id) => `3${id}`),
        { key, handle: fails('twice') },
      ),
    )
    expect(resend.every(({ status }) => status === 'duplicate')).toBe(true)
    expect(told('dedup.ends_dropped')).toBe(0)
    await clock.tick(60_000)
    expect(calls.filter(({ method }) => method === 'completeMany')).toHaveLength(6)
  })

  it('of claims that the store granted go under their own token, parked ones too', async () => {
    const { clock, member } = startCrew()
    const [first, second] = [member(), member()]
    first.weather((method) => (method === 'completeMany' ? 'refused' : 'well'))
    await finished(
      clock,
      first.dedup.once('done', () => 1),
    )
    const options = { park: () => undefined, maxAttempts: 1 }
    expect(await finished(clock, first.dedup.once('dead', fails(), options))).toEqual({ status: 'dead' })
    first.weather(() => 'well')
    await clock.tick(3_000)
    expect(await finished(clock, second.dedup.once('done', fails('twice')))).toEqual({ status: 'duplicate' })
    expect(await finished(clock, second.dedup.once('dead', fails('twice')))).toEqual({ status: 'dead' })
  })

  it('are bounded by their bytes: the eldest is dropped, counted and told', async () => {
    const { clock, dedup, instead, told, facts } = startWatched({ onStoreError: 'process', windowMs: 60_000 })
    const refused = (): Promise<never> => Promise.reject(new Error('connection refused'))
    instead('claimMany', refused)
    instead('completeMany', refused)
    const long = 'k'.repeat(9_000)
    for (let batch = 0; batch < 10; batch += 1)
      await finished(
        clock,
        dedup.each(
          ids(200).map((id) => `${batch}${id}${long}`),
          { key, handle: () => 1 },
        ),
      )
    const { endsDropped, size } = dedup.stats()
    // 32 MiB, of 18 KB each.
    expect(endsDropped).toBeGreaterThan(150)
    expect(endsDropped + size).toBe(2_000)
    await clock.tick(2_000)
    expect(told('dedup.ends_dropped')).toBeGreaterThan(0)
    const dropped = facts.filter(({ name }) => name === 'dedup.ends_dropped')
    expect(dropped.reduce((sum, { count = 0 }) => sum + count, 0)).toBe(endsDropped)
    expect(JSON.stringify(dropped)).not.toContain('kkkk')
  })

  it('are walked without a stall, as many as there is room for', async () => {
    const ends = new UnconfirmedEnds()
    let dropped = 0
    for (let at = 0; at < 300_000; at += 1)
      dropped += ends.add(`key-of-an-update-${at}`, { as: 'done', token: undefined })
    expect(dropped + ends.size).toBe(300_000)
    expect(ends.size).toBeGreaterThan(100_000)
    const slices: number[] = []
    const told = new Set<string>()
    const to: EndTelling = {
      store: {
        claimMany: () => Promise.reject(new Error('nothing is to be claimed')),
        completeMany: async (asked) => {
          slices.push(asked.length)
          expect(new Set(asked.map(({ token }) => token)).size).toBe(1)
          return asked.map(() => true)
        },
      },
      leaseMs: 1_000,
      retentionMs: 1_000,
      newToken: () => `fresh-${slices.length}`,
      told: (name) => void told.add(name),
    }
    const { size } = ends
    await ends.tell(to)
    expect(Math.max(...slices)).toBe(500)
    expect(slices).toHaveLength(Math.ceil(size / 500))
    expect(told.size).toBe(size)
    expect(ends.size).toBe(0)
  })

  it('do not end what somebody else is at work on by then, nor what was parked elsewhere', async () => {
    const { clock, member, store } = startCrew()
    const first = member({ onStoreError: 'process' })
    first.weather(() => 'refused')
    await finished(clock, first.dedup.each(['held', 'parked'], { key, handle: () => 1 }))
    const held = { key: 'a:held', token: 'other' }
    const parked = { key: 'a:parked', token: 'other' }
    await store.claimMany([held, parked], { leaseMs: 60_000 })
    await store.completeMany([{ ...parked, as: 'dead' }], { retentionMs: 60_000 })
    first.weather(() => 'well')
    await clock.tick(5_000)
    expect(await store.renewMany([held], { leaseMs: 60_000 })).toEqual([true])
    expect(await store.reviveMany(['a:parked'])).toEqual([true])
    expect(first.dedup.stats().size).toBe(0)
  })
})
