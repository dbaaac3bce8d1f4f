import { describe, expect, it } from 'vitest'
import { startCrew } from '../../test/support/dedup-crew.ts'
import { finished, forever, gate } from '../../test/support/dedup-probe.ts'
import { fails, ids, key } from '../../test/support/dedup-start.ts'

const LEASE_MS = 900

describe('an update that no handler has begun', () => {
  it.each(['unheard', 'late', 'lost'] as const)(
    'is run, not parked, after ten claims whose answers were %s',
    async (fate) => {
      const { clock, member } = startCrew()
      const parked: string[] = []
      const park = (update: string): void => void parked.push(update)
      for (let delivery = 0; delivery < 10; delivery += 1) {
        const { dedup, weather } = member()
        weather(() => fate)
        await expect(finished(clock, dedup.once('m', fails('ran'), { park, maxAttempts: 3 }))).rejects.toMatchObject({
          code: 'ERR_PERF_STORE_UNAVAILABLE',
        })
        await clock.tick(LEASE_MS * 3)
      }
      const well = member().dedup.once('m', ({ attempt }) => attempt, { park, maxAttempts: 3 })
      expect(await finished(clock, well)).toEqual({ status: 'done', value: 1 })
      expect(parked).toEqual([])
    },
  )

  it('is run after ten processes that died before they came to it', async () => {
    const { clock, member } = startCrew()
    const park = fails('parked')
    for (let delivery = 0; delivery < 10; delivery += 1) {
      const victim = member()
      void victim.dedup.each(ids(3), { key, groupBy: () => 'one', handle: forever, park, maxAttempts: 30 })
      await clock.tick(10)
      victim.kill()
      await clock.tick(LEASE_MS + 1)
    }
    const attempts: number[] = []
    const handle = (update: string, { attempt }: { attempt: number }): void => {
      if (update !== 'm0') attempts.push(attempt)
    }
    await finished(clock, member().dedup.each(ids(3), { key, handle, park, maxAttempts: 30 }))
    expect(attempts).toEqual([1, 1])
  })

  it('is told its first attempt after it was given back behind a failure', async () => {
    const { clock, member } = startCrew()
    const { dedup } = member()
    const options = { key, groupBy: () => 'one', afterFailure: 'stop' } as const
    for (let delivery = 0; delivery < 5; delivery += 1)
      await finished(clock, dedup.each(ids(3), { ...options, handle: fails() }))
    const attempts: number[] = []
    const handle = (_: string, { attempt }: { attempt: number }): void => void attempts.push(attempt)
    await finished(clock, dedup.each(ids(3), { ...options, handle }))
    expect(attempts).toEqual([6, 1, 1])
  })
})

describe('a lease, before a run is begun under it', () => {
  const group = (runs: string[], who: string, here: <T>(waited: Promise<T>) => Promise<T>) => ({
    key,
    groupBy: () => 'one',
    waitMs: 0,
    handle: async (update: string): Promise<void> => {
      runs.push(`${who}:${update}`)
      await here(Promise.resolve())
    },
  })

  it('is looked at after a pause longer than itself: what another process has by then is not begun', async () => {
    const { clock, member } = startCrew()
    const [first, second] = [member(), member()]
    const runs: string[] = []
    const options = group(runs, 'first', (waited) => first.here(waited))
    const paused = first.dedup.each(ids(20), {
      ...options,
      async handle(update) {
        if (update === 'm1') first.pause()
        await options.handle(update)
      },
    })
    await clock.tick(LEASE_MS + 100)
    await finished(
      clock,
      second.dedup.each(
        ids(20),
        group(runs, 'second', (waited) => second.here(waited)),
      ),
    )
    await first.resume()
    const results = await finished(clock, paused)
    expect(results.slice(2).every(({ status }) => status === 'in-progress')).toBe(true)
    expect(runs.filter((run) => run.startsWith('first'))).toEqual(['first:m0', 'first:m1'])
    expect(runs).toHaveLength(2 + 19)
  })

  it('is looked at after its renewal said that it is lost', async () => {
    const { clock, member, store } = startCrew()
    const first = member()
    const runs: string[] = []
    const work = gate()
    const cut = first.dedup.each(ids(3), {
      ...group(runs, 'first', (waited) => first.here(waited)),
      async handle(update) {
        runs.push(update)
        await work.opened
      },
    })
    await clock.tick(10)
    // Somebody else has them, without a pause: a partition in which the clocks go on.
    first.weather((method) => (method === 'renewMany' ? 'lost' : 'well'))
    await clock.tick(LEASE_MS + 10)
    const taken = ids(3).map((id) => ({ key: `a:${id}`, token: 'other' }))
    await store.claimMany(taken, { leaseMs: 60_000 })
    first.weather(() => 'well')
    await clock.tick(2_500)
    expect(first.facts.filter(({ name }) => name === 'dedup.lease_lost').length).toBe(3)
    work.open()
    expect(await finished(clock, cut)).toMatchObject([
      { status: 'done' },
      { status: 'in-progress' },
      { status: 'in-progress' },
    ])
    expect(runs).toEqual(['m0'])
  })

  it('is judged by the wall clock, too: a paused machine stops the other one', async () => {
    const { clock, member } = startCrew()
    const first = member()
    const work = gate()
    const runs: string[] = []
    const asked: string[] = []
    first.weather((method) => (asked.push(method), 'well'))
    const paused = first.dedup.each(ids(2), {
      key,
      groupBy: () => 'one',
      async handle(update) {
        runs.push(update)
        if (update === 'm1') expect(asked).toContain('renewMany')
        await work.opened
      },
    })
    await clock.tick(10)
    clock.set(clock.now() + LEASE_MS)
    work.open()
    expect(await finished(clock, paused)).toMatchObject([{ status: 'done' }, { status: 'done' }])
    expect(runs).toEqual(['m0', 'm1'])
  })

  it.each([
    ['reject', ['m0'], 'in-progress'],
    ['process', ['m0', 'm1'], 'done'],
  ] as const)('with onStoreError: %s, when nobody says whether it goes on', async (onStoreError, begun, status) => {
    const { clock, member } = startCrew()
    const { dedup, weather } = member({ onStoreError })
    const work = gate()
    const runs: string[] = []
    const cut = dedup.each(ids(2), {
      key,
      groupBy: () => 'one',
      async handle(update) {
        runs.push(update)
        await work.opened
      },
    })
    await clock.tick(10)
    weather(() => 'lost')
    await clock.tick(LEASE_MS * 2)
    work.open()
    expect((await finished(clock, cut))[1]).toMatchObject({ status })
    expect(runs).toEqual(begun)
  })

  it('costs no question while it goes on', async () => {
    const { clock, member } = startCrew()
    const { dedup, weather } = member()
    const asked: string[] = []
    weather((method) => (asked.push(method), 'well'))
    await finished(clock, dedup.each(ids(20), { key, groupBy: () => 'one', handle: () => 1 }))
    expect(new Set(asked)).toEqual(new Set(['claimMany', 'completeMany']))
  })
})

describe('a store that forgets', () => {
  it('a key whose handler runs: nobody else begins it, and its end is written', async () => {
    const { clock, member, forget } = startCrew()
    const [first, second] = [member(), member()]
    const work = gate()
    const call = first.dedup.once('m', () => first.here(work.opened))
    await clock.tick(10)
    forget()
    await clock.tick(LEASE_MS)
    expect(await finished(clock, second.dedup.once('m', fails('ran'), { waitMs: 0 }))).toMatchObject({
      status: 'in-progress',
    })
    work.open()
    expect(await finished(clock, call)).toEqual({ status: 'done', value: undefined })
    expect(first.facts).toEqual([])
    expect(await finished(clock, second.dedup.once('m', fails('twice')))).toEqual({ status: 'duplicate' })
  })

  it('a key just before its end is written: it is written all the same', async () => {
    const { clock, member, forget } = startCrew()
    const [first, second] = [member(), member()]
    await finished(
      clock,
      first.dedup.once('m', () => forget()),
    )
    expect(await finished(clock, second.dedup.once('m', fails('twice')))).toEqual({ status: 'duplicate' })
  })

  it('a key that waits behind others: it is not begun under a lease that is gone, when that is known', async () => {
    const { clock, member, forget } = startCrew()
    const [first, second] = [member(), member()]
    const work = gate()
    const runs: string[] = []
    const call = first.dedup.each(ids(2), {
      key,
      groupBy: () => 'one',
      async handle(update) {
        runs.push(update)
        await first.here(work.opened)
      },
    })
    await clock.tick(10)
    forget()
    await clock.tick(LEASE_MS)
    expect(
      await finished(
        clock,
        second.dedup.once('m1', () => 'second'),
      ),
    ).toMatchObject({ status: 'done' })
    work.open()
    expect(await finished(clock, call)).toMatchObject([{ status: 'done' }, { status: 'in-progress' }])
    expect(runs).toEqual(['m0'])
  })

  it('does not write a park over what nobody owns', async () => {
    const { clock, member, forget } = startCrew()
    const [first, second] = [member(), member()]
    const park = (): void => forget()
    expect(await finished(clock, first.dedup.once('m', fails(), { park, maxAttempts: 1 }))).toEqual({ status: 'dead' })
    expect(
      await finished(
        clock,
        second.dedup.once('m', () => 'again'),
      ),
    ).toMatchObject({ status: 'done' })
  })
})
