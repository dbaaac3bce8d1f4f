import { describe, expect, it, vi } from 'vitest'
import { deferred, flying, TIMEOUT_MS } from '../../test/support/flying.ts'
import { TimeoutError } from './errors.ts'
import type { Flight } from './single-flight.ts'

describe('a load', () => {
  it('runs once for all callers, and again for the next one', async () => {
    const { flights } = flying()
    const load = vi.fn(async () => 7)
    const callers = Array.from({ length: 100 }, () => flights.run('k', load))
    expect(await Promise.all(callers)).toEqual(Array(100).fill(7))
    expect(load).toHaveBeenCalledTimes(1)
    expect(flights.has('k')).toBe(false)
    await flights.run('k', load)
    expect(load).toHaveBeenCalledTimes(2)
  })

  it('does not hold up other keys', async () => {
    const { flights } = flying()
    void flights.run('hung', () => new Promise(() => undefined))
    expect(await flights.run('k', () => 1)).toBe(1)
  })

  it('shares its rejection, once, also when it is thrown at once', async () => {
    const { flights, failed } = flying()
    const error = new Error('db down')
    for (const load of [
      vi.fn(() => Promise.reject(error)),
      vi.fn(() => {
        throw error
      }),
    ]) {
      const callers = await Promise.allSettled(Array.from({ length: 5 }, () => flights.run('k', load)))
      expect(callers).toEqual(Array(5).fill({ status: 'rejected', reason: error }))
      expect(load).toHaveBeenCalledTimes(1)
      expect(flights.has('k')).toBe(false)
    }
    expect(failed.mock.calls).toEqual([
      ['k', false],
      ['k', false],
    ])
  })

  it('that nobody waits for may fail without ending the process', async () => {
    const { flights } = flying()
    const caller = new AbortController()
    void flights.run('k', () => Promise.reject(new Error('db down')))
    const left = flights.run('k', () => 1, { signal: caller.signal })
    caller.abort(new Error('gone'))
    await expect(left).rejects.toThrow('gone')
    await new Promise((resolve) => setImmediate(resolve))
  })

  it('that hangs ends at the deadline for everybody, and the next caller loads anew', async () => {
    const { flights, clock, failed } = flying()
    let flight: Flight<number> | undefined
    const hung = flights.run('k', (given) => {
      flight = given
      return new Promise(() => undefined)
    })
    await clock.tick(60)
    const both = Promise.allSettled([hung, flights.run('k', () => 1)])
    expect(flight?.signal.aborted).toBe(false)
    await clock.tick(40)
    const reason = new TimeoutError('the load', TIMEOUT_MS)
    expect(await both).toEqual(Array(2).fill({ status: 'rejected', reason }))
    expect(flight?.signal.aborted).toBe(true)
    expect(failed.mock.calls).toEqual([['k', false]])
    expect(await flights.run('k', () => 2)).toBe(2)
  })

  it('that answers its abort with what it has so far is no longer current', async () => {
    const { flights, clock } = flying()
    const wasCurrent = vi.fn()
    const cut = flights.run('k', async (flight) => {
      await new Promise((resolve) => flight.signal.addEventListener('abort', resolve))
      wasCurrent(flight.current)
      return 1
    })
    const refused = expect(cut).rejects.toBeInstanceOf(TimeoutError)
    await clock.tick(TIMEOUT_MS)
    await refused
    expect(wasCurrent).toHaveBeenCalledWith(false)
  })

  it('that asks for its own key at once ends at the deadline', async () => {
    const { flights, clock } = flying()
    const circle = flights.run('k', () => flights.run('k', () => 1))
    const refused = expect(circle).rejects.toBeInstanceOf(TimeoutError)
    await clock.tick(TIMEOUT_MS)
    await refused
    expect(await flights.run('k', () => 2)).toBe(2)
  })

  it('knows when it began', async () => {
    const { flights, clock } = flying()
    await clock.tick(5)
    expect(await flights.run('k', ({ startedAt }) => startedAt)).toBe(clock.now())
  })
})

describe('a caller that gives up', () => {
  it('is detached alone', async () => {
    const { flights } = flying()
    const work = deferred<number>()
    const caller = new AbortController()
    let flight: Flight<number> | undefined
    const load = (given: Flight<number>): Promise<number> => {
      flight = given
      return work.promise
    }
    const [left, stays] = [flights.run('k', load, { signal: caller.signal }), flights.run('k', load)]
    const reason = new Error('gone')
    caller.abort(reason)
    await expect(left).rejects.toBe(reason)
    expect(flight?.signal.aborted).toBe(false)
    work.resolve(7)
    expect(await stays).toBe(7)
  })

  it('does not start a load when it has given up before', async () => {
    const { flights } = flying()
    const load = vi.fn(() => 1)
    const reason = new Error('gone')
    await expect(flights.run('k', load, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(load).not.toHaveBeenCalled()
    expect(flights.has('k')).toBe(false)
  })

  it('is heard even when the load itself made it give up', async () => {
    const { flights } = flying()
    const caller = new AbortController()
    const reason = new Error('gone')
    const load = (): Promise<number> => {
      caller.abort(reason)
      return new Promise(() => undefined)
    }
    await expect(flights.run('k', load, { signal: caller.signal })).rejects.toBe(reason)
  })

  it('leaves no listener on a signal that lives on', async () => {
    const { flights } = flying()
    const { signal } = new AbortController()
    const [added, removed] = [vi.spyOn(signal, 'addEventListener'), vi.spyOn(signal, 'removeEventListener')]
    await flights.run('k', () => 1, { signal })
    await flights.run('k', () => Promise.reject(new Error('failed')), { signal }).catch(() => undefined)
    await Promise.resolve()
    expect(added).toHaveBeenCalledTimes(2)
    expect(removed.mock.calls.map(([, listener]) => listener)).toEqual(added.mock.calls.map(([, listener]) => listener))
  })
})

describe('waitUntil', () => {
  it('gets the load, which does not reject there', async () => {
    const { flights } = flying()
    const waitUntil = vi.fn<(promise: Promise<unknown>) => void>()
    const caller = new AbortController()
    const work = deferred<number>()
    const left = flights.run('k', () => work.promise, { signal: caller.signal, waitUntil })
    caller.abort(new Error('gone'))
    await expect(left).rejects.toThrow('gone')
    work.reject(new Error('db down'))
    await expect(waitUntil.mock.calls[0]?.[0]).resolves.toBeUndefined()
    expect(waitUntil).toHaveBeenCalledTimes(1)
  })
})

describe('a load that is outdated', () => {
  /** Two loads of one key, the first of them outdated. */
  function outdated() {
    const { clock, failed, flights } = flying()
    const [first, second] = [deferred<number>(), deferred<number>()]
    const begun: Flight<number>[] = []
    const load = (work: Promise<number>) => (flight: Flight<number>) => {
      begun.push(flight)
      return work
    }
    const one = flights.run('k', load(first.promise))
    flights.outdate('k')
    const two = flights.run('k', load(second.promise))
    const current = (): boolean[] => begun.map((flight) => flight.current)
    return { clock, failed, flights, first, second, one, two, current }
  }

  it('is joined by nobody, and reaches those who had joined', async () => {
    const { flights, first, second, one, two } = outdated()
    const three = flights.run('k', () => 3)
    first.resolve(1)
    second.resolve(2)
    expect(await Promise.all([one, two, three])).toEqual([1, 2, 2])
  })

  it('is seen by nobody who asks whether there is one', async () => {
    const { flights } = flying()
    void flights.run('k', () => new Promise(() => undefined))
    flights.outdate('k')
    flights.outdate('another')
    expect(flights.has('k')).toBe(false)
    expect(flights.has('another')).toBe(false)
  })

  it('may be stored beside the one in its place, unless that has ended before', async () => {
    const { first, second, one, two, current } = outdated()
    expect(current()).toEqual([true, true])
    first.resolve(1)
    await one
    expect(current()).toEqual([false, true])
    const other = outdated()
    other.second.resolve(2)
    await other.two
    expect(other.current()).toEqual([false, false])
    second.resolve(2)
    await two
  })

  it.each(['k', undefined])('is forgotten with the one in its place (%s)', async (key) => {
    const { flights, current } = outdated()
    flights.forget(key)
    expect(current()).toEqual([false, false])
    void flights.run('k', () => new Promise(() => undefined))
    expect(current()).toEqual([false, false])
  })

  it('still has its deadline', async () => {
    const { clock, one, two, current, failed } = outdated()
    const both = Promise.allSettled([one, two])
    await clock.tick(TIMEOUT_MS)
    expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(current()).toEqual([false, false])
    expect(failed.mock.calls).toEqual([
      ['k', true],
      ['k', false],
    ])
  })
})
