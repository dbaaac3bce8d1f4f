import { describe, expect, it, vi } from 'vitest'
import { manualClock } from '../testing/clock.ts'
import { hasCode, StoreSetupError, StoreUnavailable } from './errors.ts'
import type { Fact } from './fact.ts'
import { createHost } from './host.ts'
import { createStoreGuard, type StoreGuard } from './store-guard.ts'

const TIMEOUT_MS = 250

function guarded(tolerated = 3) {
  const clock = manualClock()
  const facts: Fact[] = []
  const host = createHost({ clock, observe: (fact) => facts.push(fact) })
  const guard = createStoreGuard({ host, what: 'the store', timeoutMs: TIMEOUT_MS, tolerated, probeEveryMs: 1_000 })
  /** Calls the store, lets time pass until it has answered or was given up, and says what came of it. */
  const call = async (store: () => unknown): Promise<unknown> => {
    let pending = true
    const settled = (value: unknown): unknown => {
      pending = false
      return value
    }
    const answer = guard.run(store).then(settled, settled)
    await clock.tick(0)
    if (pending) await clock.tick(TIMEOUT_MS)
    return answer
  }
  return { clock, facts, host, guard, call, names: () => facts.map(({ name }) => name) }
}

const frozen = (): Promise<never> => new Promise(() => undefined)
const refused = (): Promise<never> => Promise.reject(new StoreUnavailable('connection refused'))
const unprepared = (): Promise<never> => Promise.reject(new StoreSetupError('no such table'))

async function breakDown(call: (store: () => unknown) => Promise<unknown>, store = frozen): Promise<void> {
  for (let n = 0; n < 3; n += 1) expect(hasCode(await call(store), 'ERR_PERF_STORE_UNAVAILABLE')).toBe(true)
}

const state = (guard: StoreGuard): string => guard.state

describe('a store that answers', () => {
  it('is called with a signal, and its answer comes back', async () => {
    const { guard } = guarded()
    expect(await guard.run(({ signal }) => signal.aborted)).toBe(false)
    expect(await guard.run(() => 'at once')).toBe('at once')
    expect(guard.state).toBe('ok')
  })

  it('is not down because of errors that are answers', async () => {
    const { guard, call, names } = guarded()
    const syntax = new Error('syntax error')
    for (let n = 0; n < 10; n += 1) expect(await call(() => Promise.reject(syntax))).toBe(syntax)
    expect(guard.state).toBe('ok')
    expect(names()).toEqual([])
  })

  it('is not down because of misses that are not in a row', async () => {
    const { guard, call } = guarded()
    for (let n = 0; n < 5; n += 1) {
      await call(frozen)
      await call(refused)
      expect(await call(() => 'ok')).toBe('ok')
    }
    expect(guard.state).toBe('ok')
  })
})

describe.each([
  ['frozen', frozen],
  ['refusing connections', refused],
])('a store that is %s', (_how, broken) => {
  it('is skipped after three calls, without being called, at no cost', async () => {
    const { guard, call, clock, facts } = guarded()
    await breakDown(call, broken)
    expect(guard.state).toBe('down')
    expect(facts).toEqual([{ name: 'store.down', of: 'the store' }])
    const store = vi.fn(broken)
    const before = clock.elapsed()
    for (let n = 0; n < 100; n += 1)
      await expect(guard.run(store)).rejects.toThrow(
        /^the store is down and skipped: (the store did not answer within 250 ms|connection refused)$/,
      )
    expect(store).not.toHaveBeenCalled()
    expect(clock.elapsed()).toBe(before)
  })

  it('is probed by a single caller each second', async () => {
    const { guard, call, clock, facts } = guarded()
    await breakDown(call, broken)
    const store = vi.fn(broken)
    for (let second = 1; second <= 5; second += 1) {
      await clock.tick(999)
      await expect(guard.run(store)).rejects.toThrow('skipped')
      await clock.tick(1)
      const probe = call(store)
      for (let n = 0; n < 20; n += 1) await expect(guard.run(store)).rejects.toThrow('skipped')
      expect(hasCode(await probe, 'ERR_PERF_STORE_UNAVAILABLE')).toBe(true)
      expect(store).toHaveBeenCalledTimes(second)
    }
    expect(facts).toHaveLength(1)
  })

  it('recovers by itself with the first probe that is answered', async () => {
    const { guard, call, clock, names } = guarded()
    await breakDown(call, broken)
    await clock.tick(1_000)
    expect(await call(() => 'back')).toBe('back')
    expect(guard.state).toBe('ok')
    expect(names()).toEqual(['store.down', 'store.recovered'])
    expect(await Promise.all([guard.run(() => 1), guard.run(() => 2)])).toEqual([1, 2])
  })

  it('goes down again only after three more misses', async () => {
    const { guard, call, clock, names } = guarded()
    await breakDown(call, broken)
    await clock.tick(1_000)
    await call(() => 'back')
    await call(broken)
    await call(broken)
    expect(guard.state).toBe('ok')
    await call(broken)
    expect(guard.state).toBe('down')
    expect(names()).toEqual(['store.down', 'store.recovered', 'store.down'])
  })
})

describe('a deadline', () => {
  it('comes as StoreUnavailable with the timeout as its cause', async () => {
    const error = (await guarded().call(frozen)) as StoreUnavailable
    expect(error).toBeInstanceOf(StoreUnavailable)
    expect(error.message).toBe('the store did not answer within 250 ms (storeTimeoutMs)')
    expect(hasCode(error.cause, 'ERR_PERF_TIMEOUT')).toBe(true)
  })

  it('tells of going down once, however many calls were under way', async () => {
    const { guard, clock, names } = guarded()
    const herd = Promise.allSettled(Array.from({ length: 50 }, () => guard.run(frozen)))
    await clock.tick(TIMEOUT_MS)
    await herd
    expect(guard.state).toBe('down')
    expect(names()).toEqual(['store.down'])
  })
})

describe('a store that is set up wrongly', () => {
  it('is never skipped: everybody gets its error, and one fact tells of it', async () => {
    const { guard, call, facts } = guarded()
    for (let n = 0; n < 10; n += 1) expect(await call(unprepared)).toBeInstanceOf(StoreSetupError)
    expect(guard.state).toBe('misconfigured')
    expect(facts).toEqual([{ name: 'store.setup', of: 'the store' }])
  })

  it('is well again with the first call that succeeds', async () => {
    const { guard, call, names } = guarded()
    await call(unprepared)
    expect(await call(() => 'ok')).toBe('ok')
    expect(guard.state).toBe('ok')
    expect(names()).toEqual(['store.setup', 'store.recovered'])
  })

  it('is not taken for a store that is down when a probe meets it', async () => {
    const { guard, call, clock } = guarded()
    await breakDown(call)
    await clock.tick(1_000)
    expect(await call(unprepared)).toBeInstanceOf(StoreSetupError)
    expect(guard.state).toBe('misconfigured')
    expect(await call(unprepared)).toBeInstanceOf(StoreSetupError)
  })

  it('is down when it then stops answering', async () => {
    const { guard, call } = guarded()
    await call(unprepared)
    await breakDown(call)
    expect(state(guard)).toBe('down')
  })
})
