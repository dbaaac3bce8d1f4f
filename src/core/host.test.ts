import { afterEach, describe, expect, it, vi } from 'vitest'
import { manualClock } from '../testing/clock.ts'
import { OptionError } from './errors.ts'
import type { Fact } from './fact.ts'
import { createHost, defaultHost, keepAlive, waitUntilOf } from './host.ts'

afterEach(() => vi.unstubAllGlobals())

function listening() {
  const clock = manualClock()
  const facts: Fact[] = []
  return { clock, facts, host: createHost({ clock, observe: (fact) => facts.push(fact) }) }
}

function deferred<T = void>() {
  let resolve: (value: T) => void = () => undefined
  let reject: (reason: unknown) => void = () => undefined
  const promise = new Promise<T>((...settle) => ([resolve, reject] = settle))
  return { promise, resolve, reject }
}

describe('createHost', () => {
  it('touches neither clock nor random nor observer when it is made', () => {
    const never = vi.fn()
    const clock = { now: never, elapsed: never, after: never, whileAlive: never }
    createHost({ clock, observe: never, randomId: never })
    expect(never).not.toHaveBeenCalled()
  })

  it('gives ids that differ', () => {
    expect(new Set(Array.from({ length: 100 }, () => defaultHost.randomId())).size).toBe(100)
  })

  it.each([
    [{ clok: manualClock() }, 'unknown option "clok"'],
    [{ clock: { now: () => 0 } }, 'clock must have a method elapsed()'],
    [{ clock: null }, 'clock must have a method now()'],
    [{ observe: 'console' }, 'observe must be a function'],
    [{ observe: null }, 'observe must be a function'],
    [{ randomId: 'id' }, 'randomId must be a function'],
    [null, 'options must be an object'],
  ])('refuses %o', (options, message) => {
    const make = (): unknown => createHost(options as never)
    expect(make).toThrow(OptionError)
    expect(make).toThrow(message)
  })
})

describe('observe', () => {
  it('hands every fact on', () => {
    const { host, facts } = listening()
    host.observe({ name: 'webhook.late', count: 2 })
    expect(facts).toEqual([{ name: 'webhook.late', count: 2 }])
  })

  it('drops what an observer throws, so that no update falls with it', () => {
    const host = createHost({
      observe: () => {
        throw new Error('the logger is broken')
      },
    })
    expect(() => host.observe({ name: 'webhook.late' })).not.toThrow()
  })

  it('may be torn off the host', () => {
    const { host, facts } = listening()
    const { observe, track } = host
    observe({ name: 'webhook.late' })
    track(Promise.resolve())
    expect(facts).toHaveLength(1)
  })
})

describe('track and drain', () => {
  it('drains at once when nothing runs', async () => {
    expect(await listening().host.drain()).toBe(0)
    expect(await defaultHost.drain()).toBe(0)
  })

  it('waits for what runs, and does not mind how it ends', async () => {
    const { host, facts } = listening()
    const [good, bad] = [deferred(), deferred()]
    host.track(good.promise)
    host.track(bad.promise)
    const drained = vi.fn()
    const draining = host.drain().then(drained)
    good.resolve()
    await host.clock.after(0, () => undefined)
    expect(drained).not.toHaveBeenCalled()
    bad.reject(Object.assign(new Error('lost +250788000001'), { code: 'ECONNRESET' }))
    await draining
    expect(drained).toHaveBeenCalledWith(0)
    expect(facts).toEqual([{ name: 'host.background_failed', code: 'ECONNRESET' }])
  })

  it('waits for work that is tracked while it waits, however deep', async () => {
    const { host, clock } = listening()
    const done: number[] = []
    const work = async (depth: number): Promise<void> => {
      await new Promise<void>((resolve) => clock.after(10, resolve))
      done.push(depth)
      if (depth < 5) host.track(work(depth + 1))
    }
    host.track(work(1))
    const draining = host.drain()
    await clock.tick(50)
    expect(await draining).toBe(0)
    expect(done).toEqual([1, 2, 3, 4, 5])
  })

  it('stops at its timeout and says how much still runs', async () => {
    const { host, clock } = listening()
    const slow = deferred()
    host.track(slow.promise)
    host.track(new Promise(() => undefined))
    const draining = host.drain({ timeoutMs: 100 })
    await clock.tick(99)
    slow.resolve()
    await clock.tick(1)
    expect(await draining).toBe(1)
  })

  it('is bounded even when work tracks new work for ever', async () => {
    const { host, clock } = listening()
    const again = (): void => host.track(new Promise<void>((resolve) => clock.after(1, resolve)).then(again))
    again()
    const draining = host.drain({ timeoutMs: 20 })
    await clock.tick(20)
    expect(await draining).toBeGreaterThan(0)
  })

  it('can be called twice, and again later', async () => {
    const { host } = listening()
    const work = deferred()
    host.track(work.promise)
    const both = Promise.all([host.drain(), host.drain()])
    work.resolve()
    expect(await both).toEqual([0, 0])
    host.track(Promise.resolve())
    expect(await host.drain()).toBe(0)
  })

  it('leaves no timer behind, which would keep the process alive', async () => {
    const clock = manualClock()
    const cancelled = vi.fn()
    const host = createHost({ clock: { ...clock, after: () => cancelled } })
    host.track(Promise.resolve())
    await host.drain()
    expect(cancelled).toHaveBeenCalledTimes(1)
  })

  it.each([{ timeout: 5 }, { timeoutMs: '5' }, { timeoutMs: -1 }, { timeoutMs: NaN }])(
    'refuses %o',
    async (options) => {
      await expect(listening().host.drain(options as never)).rejects.toThrow(OptionError)
    },
  )
})

describe('on a platform with EdgeRuntime', () => {
  it('hands tracked work to its waitUntil, called on its own object, as a promise that never rejects', async () => {
    const given: Promise<unknown>[] = []
    const runtime = {
      waitUntil(this: unknown, promise: Promise<unknown>) {
        expect(this).toBe(runtime)
        given.push(promise)
      },
    }
    vi.stubGlobal('EdgeRuntime', runtime)
    const { host, facts } = listening()
    host.track(Promise.reject(new Error('failed')))
    host.track(Promise.resolve())
    expect(given).toHaveLength(2)
    expect((await Promise.allSettled(given)).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled'])
    expect(facts).toEqual([{ name: 'host.background_failed' }])
    expect(await host.drain()).toBe(0)
  })

  it('does without when the global of that name is a string, as on Vercel', async () => {
    vi.stubGlobal('EdgeRuntime', 'edge-runtime')
    const { host } = listening()
    expect(() => host.track(Promise.resolve())).not.toThrow()
    expect(await host.drain()).toBe(0)
  })
})

describe('keepAlive', () => {
  it('prefers the waitUntil of the caller, and makes a rejection a fact', async () => {
    const { host, facts } = listening()
    const waitUntil = vi.fn<(promise: Promise<unknown>) => void>()
    keepAlive(host, waitUntil, Promise.reject(new Error('failed')))
    await expect(waitUntil.mock.calls[0]?.[0]).resolves.toBeUndefined()
    expect(facts).toEqual([{ name: 'host.background_failed' }])
    expect(await host.drain()).toBe(0)
  })

  it('has the host keep it without one', async () => {
    const { host, clock } = listening()
    keepAlive(host, undefined, new Promise(() => undefined))
    const draining = host.drain({ timeoutMs: 1 })
    await clock.tick(1)
    expect(await draining).toBe(1)
  })
})

describe('waitUntilOf', () => {
  it('finds it wherever the platform put it, and calls it on its own object', () => {
    const kept: unknown[] = []
    class ExecutionContext {
      waitUntil(promise: Promise<unknown>): void {
        if (!(this instanceof ExecutionContext)) throw new TypeError('Illegal invocation')
        kept.push(promise)
      }
    }
    const promise = Promise.resolve()
    waitUntilOf([{ DB: 'env' }, new ExecutionContext()])?.(promise)
    waitUntilOf([new ExecutionContext(), {}])?.(promise)
    expect(kept).toEqual([promise, promise])
  })

  it('finds nothing in what has none', () => {
    expect(waitUntilOf([])).toBeUndefined()
    expect(waitUntilOf([null, undefined, 'text', 5, {}, { waitUntil: 'soon' }])).toBeUndefined()
  })
})
