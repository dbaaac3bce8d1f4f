import { describe, expect, it } from 'vitest'
import { finished, gate, probed, toldHost, type ToldHost } from '../../test/support/dedup-probe.ts'
import { fails, ids, key } from '../../test/support/dedup-start.ts'
import { manualClock, type ManualClock } from '../testing/index.ts'
import { createDedup, type Dedup, type DedupOptions } from './dedup.ts'
import { memoryDedupStore } from './memory-store.ts'

interface Started extends ToldHost {
  readonly clock: ManualClock
  readonly dedup: Dedup
}

const start = (options: Partial<DedupOptions>): Started => {
  const clock = manualClock()
  const told = toldHost(clock)
  const dedup = createDedup({ name: 'a', windowMs: 1_000, host: told.host, ...options })
  return { clock, dedup, ...told }
}

describe.each([{}, { ids: 'fingerprints' }, { flatten: true }] as const)('with %j', (options) => {
  const long = 'x'.repeat(5_000)
  const odd = [
    '\0',
    '\0\0',
    '\ud800',
    '\udc00',
    '\ufffd',
    '\u00e9',
    'e\u0301',
    `${long}a`,
    `${long}b`,
    `a${long}`,
    `${long}\ud800`,
  ]

  it('keys that differ in one unit are different updates, however long they are', async () => {
    const { dedup } = start(options)
    expect(odd.map((id) => dedup.mark(id))).toEqual(odd.map(() => true))
    expect(odd.map((id) => dedup.mark(id))).toEqual(odd.map(() => false))
    const run = (): Promise<unknown[]> => dedup.each(odd, { key, handle: () => 1 })
    expect(await run()).toMatchObject(odd.map((key) => ({ key, status: 'done' })))
    expect(await run()).toMatchObject(odd.map((key) => ({ key, status: 'duplicate' })))
    expect(dedup.stats()).toMatchObject({ size: 2 * odd.length, claimed: odd.length })
  })

  it('the attempts and the leases of long keys are told apart too', async () => {
    const { dedup } = start({ ...options, leaseMs: 100 })
    const { opened, open } = gate()
    const first = dedup.once(odd.at(-1) ?? '', () => opened)
    expect(await dedup.once(odd.at(-1) ?? '', () => 1, { waitMs: 0 })).toMatchObject({ status: 'in-progress' })
    expect(await dedup.once(`${long}c`, ({ attempt }) => attempt)).toMatchObject({ value: 1 })
    await expect(dedup.once(`${long}d`, fails())).rejects.toThrow()
    expect(await dedup.once(`${long}d`, ({ attempt }) => attempt)).toMatchObject({ value: 2 })
    open()
    expect(await first).toMatchObject({ status: 'done' })
  })

  it('the store is asked for keys as they are', async () => {
    const { store, calls } = probed(memoryDedupStore())
    const dedup = createDedup({ ...options, name: 'a', store })
    expect(await dedup.once(`${long}a`, () => 1)).toMatchObject({ status: 'done' })
    expect(await dedup.once(`${long}a`, () => 1)).toMatchObject({ status: 'duplicate' })
    expect(new Set(calls.flatMap(({ keys }) => keys))).toEqual(new Set([`a:${long}a`]))
    expect(calls).toHaveLength(2)
  })

  it('gives everything back after two idle windows', async () => {
    const { clock, dedup } = start(options)
    for (const id of ids(100)) dedup.mark(id)
    await dedup.each(ids(100), { key, handle: () => 1 })
    expect(dedup.stats().size).toBe(200)
    await clock.tick(2_000)
    expect(dedup.stats().size).toBe(0)
    expect(dedup.mark('m0')).toBe(true)
  })
})

const full = { code: 'ERR_PERF_STORE_UNAVAILABLE', message: 'the memory of dedup a is full' }

describe('maxIds', () => {
  it('is not there, and nothing is counted, unless it is asked for', () => {
    expect(start({}).dedup.stats()).not.toHaveProperty('overflows')
    expect(start({ maxIds: 10, onOverflow: 'forget' }).dedup.stats()).toMatchObject({ overflows: 0 })
  })

  it('with forget: the newest marks stay, the older ones are forgotten, and counted', () => {
    const { dedup, facts } = start({ maxIds: 10, onOverflow: 'forget' })
    for (const id of ids(11)) expect(dedup.mark(id)).toBe(true)
    expect(ids(11).map((id) => dedup.seen(id))).toEqual(ids(11).map((_, at) => at >= 5))
    expect(dedup.stats()).toMatchObject({ size: 6, overflows: 5 })
    expect(facts).toEqual([{ name: 'dedup.overflow', of: 'a', reason: 'forget', count: 5 }])
  })

  it('with reject: a new mark is refused until the window of older ones is over', async () => {
    const { clock, dedup, told } = start({ maxIds: 10, onOverflow: 'reject' })
    for (const id of ids(10)) expect(dedup.mark(id)).toBe(true)
    expect(() => dedup.mark('new')).toThrow(expect.objectContaining(full))
    expect(ids(10).map((id) => dedup.mark(id))).toEqual(ids(10).map(() => false))
    expect(dedup.seen('new')).toBe(false)
    expect([dedup.stats().overflows, told('dedup.overflow')]).toEqual([1, 1])
    await clock.tick(2_000)
    expect(dedup.mark('new')).toBe(true)
  })

  it('with reject: a delivery that does not fit is refused as a whole, before anything runs', async () => {
    const { dedup } = start({ maxIds: 10, onOverflow: 'reject' })
    const ran: string[] = []
    const handle = (id: string): void => void ran.push(id)
    await dedup.each(ids(8), { key, handle })
    await expect(dedup.each(ids(11), { key, handle })).rejects.toMatchObject(full)
    expect(ran).toEqual(ids(8))
    expect(await dedup.each(ids(10), { key, handle })).toMatchObject([
      ...ids(8).map(() => ({ status: 'duplicate' })),
      { status: 'done' },
      { status: 'done' },
    ])
    await expect(dedup.once('new', () => expect.unreachable('it ran'))).rejects.toMatchObject(full)
    expect(dedup.stats()).toMatchObject({ size: 10, overflows: 4, claimed: 10 })
  })

  it('with reject: what is being worked on takes room, what failed does not', async () => {
    const { dedup } = start({ maxIds: 2, onOverflow: 'reject' })
    const { opened, open } = gate()
    const running = [dedup.once('a', () => opened), dedup.once('b', () => opened.then(fails()))]
    await expect(dedup.once('c', () => 1)).rejects.toMatchObject(full)
    open()
    await Promise.allSettled(running)
    expect(await dedup.once('c', () => 1)).toMatchObject({ status: 'done' })
    await expect(dedup.once('b', () => 1)).rejects.toMatchObject(full)
  })

  it('with reject and a store: nothing is asked of the store for what has no room here', async () => {
    const { store, count } = probed(memoryDedupStore())
    const { clock, dedup } = start({ store, maxIds: 2, onOverflow: 'reject' })
    await finished(clock, dedup.each(ids(2), { key, handle: () => 1 }))
    await expect(dedup.once('new', () => 1)).rejects.toMatchObject(full)
    expect(count('claimMany')).toBe(1)
    expect(await dedup.each(ids(2), { key, handle: () => 1 })).toMatchObject(
      ids(2).map(() => ({ status: 'duplicate' })),
    )
    await clock.tick(2_000)
    expect(
      await finished(
        clock,
        dedup.once('new', () => 1),
      ),
    ).toMatchObject({ status: 'done' })
  })

  it('with forget and a store: what is forgotten here costs a round trip, and is not done again', async () => {
    const { store, count } = probed(memoryDedupStore())
    const { clock, dedup } = start({ store, maxIds: 4, onOverflow: 'forget' })
    await finished(clock, dedup.each(ids(8), { key, handle: () => 1 }))
    expect(count('claimMany')).toBe(1)
    const again = dedup.each(ids(8), { key, handle: () => expect.unreachable('it ran') })
    expect(await finished(clock, again)).toMatchObject(ids(8).map(() => ({ status: 'duplicate' })))
    expect(count('claimMany')).toBe(2)
    expect(dedup.stats().overflows).toBeGreaterThan(0)
  })

  it.each([
    [{ maxIds: 10 }, 'onOverflow'],
    [{ onOverflow: 'forget' }, 'maxIds'],
    [{ maxIds: 1, onOverflow: 'forget' }, 'maxIds'],
    [{ maxIds: 2.5, onOverflow: 'forget' }, 'maxIds'],
    [{ maxIds: Infinity, onOverflow: 'forget' }, 'maxIds'],
    [{ maxIds: 10, onOverflow: 'drop' }, 'onOverflow'],
    [{ ids: 'numbers' }, 'ids'],
    [{ flatten: 'yes' }, 'flatten'],
  ])('refuses %j, and names what is wrong', (options, named) => {
    expect(() => createDedup(options as never)).toThrow(expect.objectContaining({ code: 'ERR_PERF_OPTION' }))
    expect(() => createDedup(options as never)).toThrow(named)
  })
})
