import { describe, expect, it } from 'vitest'
import { StoreSetupError } from '../../src/core/errors.ts'
import { finished, forever, unavailable } from '../support/dedup-probe.ts'
import { busyFor, deduplicated, DUPLICATE, seen } from '../support/deduplicated.ts'

const HANDLED = [200, 'handled']

describe('a deduplicated handler whose store', () => {
  it.each([
    ['is unreachable', unavailable],
    ['is frozen', forever],
  ])('%s does not run, says 503, and runs once the store is back', async (_, act) => {
    const { post, instead, clock, handled, handler } = deduplicated()
    instead('claimMany', act)
    expect(await finished(clock, seen(post('a', 'b')))).toEqual(busyFor(5))
    expect(handled).toEqual([])
    instead('claimMany', undefined)
    expect(await finished(clock, seen(post('a', 'b')))).toEqual(HANDLED)
    expect(handler.stats()).toMatchObject({ deliveries: 2, busy: 1 })
  })

  it('is unreachable runs all the same when its dedup was made to process', async () => {
    const { post, instead, clock, handled } = deduplicated({ onStoreError: 'process' })
    instead('claimMany', unavailable)
    instead('completeMany', unavailable)
    expect(await finished(clock, seen(post('a', 'b')))).toEqual(HANDLED)
    expect(await finished(clock, seen(post('a', 'b')))).toEqual(DUPLICATE)
    expect(handled).toHaveLength(1)
  })

  it('is not set up rejects, and does not run', async () => {
    const { post, instead, handled, handler } = deduplicated()
    instead('claimMany', () => Promise.reject(new StoreSetupError('no table')))
    await expect(post('a')).rejects.toMatchObject({ code: 'ERR_PERF_STORE_SETUP' })
    expect(handled).toEqual([])
    expect(handler.stats().failed).toBe(1)
  })

  it('goes away after some of the keys were claimed does not run, and gives them back when it can', async () => {
    const { post, instead, other, clock, handled } = deduplicated()
    const held = other.once('door:b', () => new Promise((resolve) => void clock.after(60_000, () => resolve(1))))
    let asked = 0
    instead('claimMany', (real) => ((asked += 1) === 1 ? real() : unavailable()))
    expect(await finished(clock, seen(post('a', 'b')))).toEqual(busyFor(5))
    expect(handled).toEqual([])
    instead('claimMany', undefined)
    await clock.tick(60_000)
    await finished(clock, held)
    expect(await finished(clock, seen(post('a', 'b')))).toEqual(HANDLED)
  })

  it('cannot be told of the end: the answer goes out, and this process does not do it again', async () => {
    const { post, instead, clock, handled } = deduplicated()
    instead('completeMany', unavailable)
    expect(await finished(clock, seen(post('a', 'b')))).toEqual(HANDLED)
    expect(await finished(clock, seen(post('a', 'b')))).toEqual(DUPLICATE)
    expect(handled).toHaveLength(1)
  })

  it('cannot be told of a failure: the failure goes out unchanged', async () => {
    const { post, instead, answers, clock } = deduplicated()
    instead('releaseMany', unavailable)
    answers(() => new Response('no', { status: 502 }))
    expect(await finished(clock, seen(post('a', 'b')))).toEqual([502, 'no'])
  })
})
