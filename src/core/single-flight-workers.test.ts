import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { manualClock } from '../testing/clock.ts'
import type { Clock } from './clock.ts'
import { TimeoutError } from './errors.ts'
import { createHost } from './host.ts'
import { createSingleFlight, type Flight, type FlightOptions } from './single-flight.ts'

beforeEach(() => void vi.stubGlobal('navigator', { userAgent: 'Cloudflare-Workers' }))
afterEach(() => vi.unstubAllGlobals())

/**
 * A Worker with several requests: a timer belongs to the request that set it, and dies with it. (That its promises die
 * too is up to each test: it lets a load hang, or makes waiting for it fail.)
 */
function worker({ timeoutMs = 10_000 }: Partial<FlightOptions> = {}) {
  const time = manualClock()
  const ended = new Set<string>()
  let current = ''
  const during = <T>(request: string, work: () => T): T => {
    const before = current
    current = request
    try {
      return work()
    } finally {
      current = before
    }
  }
  const clock: Clock = {
    ...time,
    after(ms, fire) {
      const owner = current
      return time.after(ms, () => {
        if (ended.has(owner)) return
        // Not given back: what follows the timer in this turn of the event loop is its request's too.
        current = owner
        fire()
      })
    },
  }
  const flights = createSingleFlight<string>({ host: createHost({ clock }), timeoutMs, what: 'the load' })
  return { flights, during, end: (request: string) => ended.add(request), tick: time.tick }
}

/** What `load` was given, and never an answer. */
function hanging() {
  const given: Flight<string>[] = []
  const load = vi.fn((flight: Flight<string>) => {
    given.push(flight)
    return new Promise<string>(() => undefined)
  })
  return { load, given }
}

/** Makes every wait for the load's promise end as workerd ends one of a request that is over. */
function waitsReject({ promise }: Flight<string>): void {
  const ended = new Error('This promise was created by a request that has since ended, so it can never settle')
  void Object.defineProperty(promise, 'then', {
    value: (...listeners: Parameters<Promise<never>['then']>) => Promise.reject(ended).then(...listeners),
  })
}

describe('a load whose request has ended', () => {
  it('is loaded anew, once, for all who wait for a promise that never settles', async () => {
    const { flights, during, end, tick } = worker()
    void during('A', () => flights.run('k', hanging().load))
    end('A')
    const load = vi.fn(async () => 'anew')
    const waiting = ['B', 'C', 'D'].map((request) => during(request, () => flights.run('k', load)))
    await tick(399)
    expect(load).not.toHaveBeenCalled()
    await tick(1)
    expect(await Promise.all(waiting)).toEqual(['anew', 'anew', 'anew'])
    expect(load).toHaveBeenCalledTimes(1)
    expect(flights.has('k')).toBe(false)
  })

  it('is loaded anew at once, once, for all whose wait the platform rejects', async () => {
    const { flights, during, end } = worker()
    const { load: hung, given } = hanging()
    void during('A', () => flights.run('k', hung))
    end('A')
    for (const flight of given) waitsReject(flight)
    const load = vi.fn(async () => 'anew')
    const waiting = ['B', 'C', 'D'].map((request) => during(request, () => flights.run('k', load)))
    expect(await Promise.all(waiting)).toEqual(['anew', 'anew', 'anew'])
    expect(load).toHaveBeenCalledTimes(1)
  })

  it('is not there to be joined once it has been silent', async () => {
    const { flights, during, end, tick } = worker()
    void during('A', () => flights.run('k', hanging().load))
    await tick(1_000)
    expect(flights.has('k')).toBe(true)
    end('A')
    await tick(399)
    expect(flights.has('k')).toBe(true)
    await tick(1)
    expect(flights.has('k')).toBe(false)
  })

  it('costs who comes long after it one short wait', async () => {
    const { flights, during, end, tick } = worker()
    void during('A', () => flights.run('k', hanging().load))
    end('A')
    await tick(5_000)
    const late = during('B', () => flights.run('k', () => 'anew'))
    await tick(100)
    expect(await late).toBe('anew')
  })

  it('costs nothing once its deadline has passed', async () => {
    const { flights, during, end, tick } = worker()
    void during('A', () => flights.run('k', hanging().load))
    end('A')
    await tick(10_001)
    expect(await during('B', () => flights.run('k', () => 'anew'))).toBe('anew')
  })

  it('does not stop others when the one that loaded anew has ended too', async () => {
    const { flights, during, end, tick } = worker()
    void during('A', () => flights.run('k', hanging().load))
    end('A')
    const second = hanging().load
    void during('B', () => flights.run('k', second))
    await tick(400)
    expect(second).toHaveBeenCalledTimes(1)
    end('B')
    const load = vi.fn(async () => 'third')
    const waiting = ['C', 'D'].map((request) => during(request, () => flights.run('k', load)))
    await tick(400)
    expect(await Promise.all(waiting)).toEqual(['third', 'third'])
    expect(load).toHaveBeenCalledTimes(1)
  })

  it('is loaded anew for one who waits while the key is forgotten', async () => {
    const { flights, during, end, tick } = worker()
    void during('A', () => flights.run('k', hanging().load))
    end('A')
    const waiting = during('B', () => flights.run('k', () => 'anew'))
    flights.forget('k')
    await tick(400)
    expect(await waiting).toBe('anew')
  })

  it('must not be stored, should it end after all', async () => {
    const { flights, during, end, tick } = worker()
    const { load: hung, given } = hanging()
    void during('A', () => flights.run('k', hung))
    end('A')
    void during('B', () => flights.run('k', hanging().load))
    await tick(400)
    expect(given.map(({ current }) => current)).toEqual([false])
  })
})

describe('a load whose request lives', () => {
  it('is shared however long it takes within the deadline', async () => {
    const { flights, during, tick } = worker()
    let land: (value: string) => void = () => undefined
    const slow = during('A', () => flights.run('k', () => new Promise<string>((resolve) => (land = resolve))))
    await tick(3_000)
    const load = vi.fn(() => 'never')
    const joined = during('B', () => flights.run('k', load))
    await tick(5_000)
    land('slow')
    expect(await Promise.all([slow, joined])).toEqual(['slow', 'slow'])
    expect(load).not.toHaveBeenCalled()
  })

  it('shares its failure and does not run again', async () => {
    const { flights, during, tick } = worker()
    let fail: (reason: Error) => void = () => undefined
    const slow = during('A', () => flights.run('k', () => new Promise<string>((_resolve, reject) => (fail = reject))))
    const load = vi.fn(() => 'never')
    const joined = during('B', () => flights.run('k', load))
    await tick(1_000)
    const error = new Error('db down')
    fail(error)
    expect(await Promise.allSettled([slow, joined])).toEqual(Array(2).fill({ status: 'rejected', reason: error }))
    expect(load).not.toHaveBeenCalled()
  })

  it('ends for all at its deadline, and nobody waits longer', async () => {
    const { flights, during, tick } = worker({ timeoutMs: 1_000 })
    const hung = during('A', () => flights.run('k', hanging().load))
    await tick(500)
    const load = vi.fn(() => 'never')
    const joined = during('B', () => flights.run('k', load))
    const both = Promise.allSettled([hung, joined])
    await tick(500)
    const reason = new TimeoutError('the load', 1_000)
    expect(await both).toEqual(Array(2).fill({ status: 'rejected', reason }))
    expect(load).not.toHaveBeenCalled()
  })

  it('shows no more life once it is over, so that its request can end', async () => {
    const time = manualClock()
    let open = 0
    const clock: Clock = {
      ...time,
      after(ms, fire) {
        open += 1
        let counts = true
        const close = (): void => {
          if (counts) open -= 1
          counts = false
        }
        const cancel = time.after(ms, () => {
          close()
          fire()
        })
        return () => {
          close()
          cancel()
        }
      },
    }
    const flights = createSingleFlight<number>({ host: createHost({ clock }), timeoutMs: 1_000, what: 'the load' })
    await flights.run('k', () => 1)
    await flights.run('k', () => Promise.reject(new Error('failed'))).catch(() => undefined)
    const hung = flights.run('k', () => new Promise(() => undefined)).catch(() => undefined)
    await time.tick(1_000)
    await hung
    expect(open).toBe(0)
  })
})

it('waits without signs of life elsewhere, where promises outlive requests', async () => {
  vi.stubGlobal('navigator', { userAgent: 'Node.js/22' })
  const { flights, during, end, tick } = worker()
  let land: (value: string) => void = () => undefined
  void during('A', () => flights.run('k', () => new Promise<string>((resolve) => (land = resolve))))
  end('A')
  const load = vi.fn(() => 'never')
  const joined = flights.run('k', load)
  await tick(5_000)
  expect(flights.has('k')).toBe(true)
  land('shared')
  expect(await joined).toBe('shared')
  expect(load).not.toHaveBeenCalled()
})
