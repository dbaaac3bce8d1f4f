import { describe, expect, it } from 'vitest'
import { finished, gate, probed, toldHost } from '../../test/support/dedup-probe.ts'
import { fails } from '../../test/support/dedup-start.ts'
import { manualClock } from '../testing/index.ts'
import { createDedup, type Dedup } from './dedup.ts'
import { memoryDedupStore } from './memory-store.ts'

describe('mark and seen', () => {
  const start = (): { clock: ReturnType<typeof manualClock>; dedup: Dedup } => {
    const clock = manualClock()
    return { clock, dedup: createDedup({ host: toldHost(clock).host, windowMs: 1_000 }) }
  }

  it('mark an id once in a window, synchronously', async () => {
    const { clock, dedup } = start()
    expect(dedup.seen('m1')).toBe(false)
    expect([dedup.mark('m1'), dedup.mark('m1'), dedup.seen('m1')]).toEqual([true, false, true])
    await clock.tick(999)
    expect(dedup.seen('m1')).toBe(true)
    await clock.tick(1_001)
    expect(dedup.seen('m1')).toBe(false)
    expect(dedup.mark('m1')).toBe(true)
    expect(dedup.stats()).toMatchObject({ checked: 3, duplicates: 1, size: 1 })
  })

  it.each([[''], [undefined], [null], [7]])('refuse %j: two updates without a key would silence each other', (key) => {
    const { dedup } = start()
    const refused = expect.objectContaining({ code: 'ERR_PERF_OPTION' }) as Error
    expect(() => dedup.mark(key as string)).toThrow(refused)
    expect(() => dedup.seen(key as string)).toThrow(refused)
    expect(dedup.stats()).toMatchObject({ checked: 0, size: 0 })
  })

  it('never make once answer duplicate', async () => {
    const { clock, dedup } = start()
    dedup.mark('m1')
    expect(
      await finished(
        clock,
        dedup.once('m1', () => 1),
      ),
    ).toEqual({ status: 'done', value: 1 })
  })

  it('see what once has done, and nothing that is still worked on or failed', async () => {
    const { clock, dedup } = start()
    const { opened, open } = gate()
    const call = dedup.once('m1', () => opened)
    await clock.tick(1)
    expect(dedup.seen('m1')).toBe(false)
    open()
    await call
    expect(dedup.seen('m1')).toBe(true)
    await expect(dedup.once('m2', fails())).rejects.toThrow()
    expect(dedup.seen('m2')).toBe(false)
  })
})

describe('createDedup', () => {
  it('needs no option', async () => {
    const dedup = createDedup()
    expect(await dedup.once('m1', () => 'ok')).toEqual({ status: 'done', value: 'ok' })
    expect(await dedup.once('m1', () => 'ok')).toEqual({ status: 'duplicate' })
    expect(dedup.retentionMs).toBe(30_000)
  })

  it('remembers for eight days with a store, for the window without one', () => {
    expect(createDedup({ windowMs: 5_000 }).retentionMs).toBe(5_000)
    expect(createDedup({ name: 'a', store: memoryDedupStore() }).retentionMs).toBe(8 * 86_400_000)
  })

  it('does nothing when it is made: no clock, no id, no call', () => {
    const fail = (): never => {
      throw new Error('touched')
    }
    const host = { observe: fail, track: fail, randomId: fail, drain: fail, draining: false }
    const clock = { now: fail, elapsed: fail, after: fail, whileAlive: fail }
    const claiming = { claimMany: fail, beginMany: fail, renewMany: fail }
    const store = { ...claiming, completeMany: fail, releaseMany: fail, reviveMany: fail }
    expect(createDedup({ name: 'a', store, host: { ...host, clock } }).stats().size).toBe(0)
  })

  it('keeps services that share a store apart by their names', async () => {
    const { store, calls } = probed(memoryDedupStore())
    const [a, b] = ['a', 'b'].map((name) => createDedup({ name, store }))
    expect(await a?.once('m1', () => 1)).toMatchObject({ status: 'done' })
    expect(await b?.once('m1', () => 2)).toMatchObject({ status: 'done', value: 2 })
    expect(new Set(calls.flatMap(({ keys }) => keys))).toEqual(new Set(['a:m1', 'b:m1']))
  })

  const store = memoryDedupStore()
  it.each([
    [{ windowMs: 0 }, 'windowMs'],
    [{ windowMs: '30s' }, 'windowMs'],
    [{ leaseMs: Number.NaN }, 'leaseMs'],
    [{ retentionMs: Infinity }, 'retentionMs'],
    [{ window: 5 }, 'window'],
    [{ storeTimeoutMs: 5 }, 'storeTimeoutMs'],
    [{ name: '' }, 'name'],
    [{ store }, 'name'],
    [{ name: 'a:b', store }, 'colon'],
    [{ name: 'a', store: {} }, 'claimMany'],
    [{ name: 'a', store, storeTimeoutMs: 0 }, 'storeTimeoutMs'],
    [{ host: {} }, 'host'],
  ])('refuses %j, and names what is wrong', (options, named) => {
    expect(() => createDedup(options as never)).toThrow(expect.objectContaining({ code: 'ERR_PERF_OPTION' }))
    expect(() => createDedup(options as never)).toThrow(named)
  })
})
