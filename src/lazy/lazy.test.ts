import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Fact } from '../core/fact.ts'
import { createHost } from '../core/host.ts'
import { manualClock } from '../testing/clock.ts'
import { lazyHandlers } from './lazy.ts'

const failing = (error: unknown) => (): Promise<() => string> => Promise.reject(error)

function listening() {
  const clock = manualClock()
  const facts: Fact[] = []
  return { clock, facts, host: createHost({ clock, observe: (fact) => facts.push(fact) }) }
}

describe('a lazy handler', () => {
  it('is found as the function itself, as the default export, or as the export "handle"', async () => {
    const handlers = lazyHandlers({
      plain: async () => (name: string) => `plain ${name}`,
      byDefault: async () => ({ default: (name: string) => `default ${name}`, handle: () => 'never' }),
      named: async () => ({ default: { text: 'not a function' }, handle: (name: string) => `named ${name}` }),
      inline: () => (name: string) => `inline ${name}`,
    })
    expect(await handlers.run('plain', 'a')).toBe('plain a')
    expect(await handlers.run('byDefault', 'a')).toBe('default a')
    expect(await handlers.run('named', 'a')).toBe('named a')
    expect(await handlers.run('inline', 'a')).toBe('inline a')
  })

  it('comes out of a real module', async () => {
    const moduleUrl = 'data:text/javascript,export default (n) => n * 2'
    const handlers = lazyHandlers({
      twice: () => import(/* @vite-ignore */ moduleUrl) as Promise<{ default: (n: number) => number }>,
    })
    expect(await handlers.run('twice', 21)).toBe(42)
    expect(handlers.run('twice', 4)).toBe(8)
  })

  it('is whatever `pick` says', async () => {
    const handlers = lazyHandlers(
      { text: async () => ({ onText: (body: string) => body.length }) },
      {
        pick: (module) => module.onText,
      },
    )
    expect(await handlers.run('text', 'four')).toBe(4)
  })

  it('is not loaded before somebody needs it', async () => {
    const thunk = vi.fn(async () => () => 1)
    const handlers = lazyHandlers({ one: thunk, other: async () => () => 2 })
    await handlers.run('other')
    expect(thunk).not.toHaveBeenCalled()
    expect(handlers.loaded('one')).toBe(false)
  })

  it('is loaded once for all who ask while it is being loaded', async () => {
    const thunk = vi.fn(async () => (n: number) => n)
    const handlers = lazyHandlers({ echo: thunk })
    expect(await Promise.all([1, 2, 3].map((n) => handlers.run('echo', n)))).toEqual([1, 2, 3])
    expect(await handlers.run('echo', 4)).toBe(4)
    expect(thunk).toHaveBeenCalledTimes(1)
  })

  it('is reached at once when it is loaded, and its result is given back as it is', async () => {
    const answer = Promise.resolve('late')
    const handlers = lazyHandlers({ now: async () => (n: number) => n + 1, later: async () => () => answer })
    await handlers.preload()
    expect(handlers.run('now', 1)).toBe(2)
    expect(handlers.run('later')).toBe(answer)
  })

  it('throws its own errors unchanged, before and after it is loaded', async () => {
    const broken = new Error('mine')
    const handlers = lazyHandlers({
      bad: async () => (): string => {
        throw broken
      },
    })
    await expect(handlers.run('bad')).rejects.toBe(broken)
    expect(() => handlers.run('bad')).toThrow(broken)
    expect(handlers.stats().bad.errors).toBe(0)
  })
})

describe('a load that fails', () => {
  it('names the handler, keeps the cause, and is tried again by the next call', async () => {
    const { host, facts } = listening()
    const cause = Object.assign(new Error('no such file'), { code: 'ERR_MODULE_NOT_FOUND' })
    const thunk = vi.fn(failing(cause)).mockImplementationOnce(failing(cause))
    const handlers = lazyHandlers({ text: thunk }, { host })
    const expected = { code: 'ERR_PERF_LAZY_LOAD', message: 'handler "text" could not be loaded', cause }
    await expect(handlers.run('text')).rejects.toMatchObject(expected)
    thunk.mockImplementation(async () => () => 'healed')
    expect(await handlers.run('text')).toBe('healed')
    expect(handlers.stats().text).toMatchObject({ loaded: true, loads: 2, errors: 1 })
    expect(facts).toEqual([{ name: 'lazy.load_failed', of: 'text', durationMs: 0, code: 'ERR_MODULE_NOT_FOUND' }])
  })

  it('is counted once, however many wait for it', async () => {
    const { host, facts } = listening()
    const handlers = lazyHandlers({ text: failing(new Error('down')) }, { host })
    const results = await Promise.allSettled([handlers.run('text'), handlers.run('text'), handlers.load('text')])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(handlers.stats().text).toMatchObject({ loaded: false, loads: 1, errors: 1 })
    expect(facts).toHaveLength(1)
  })

  it('may be a thunk that throws, or a module without a handler', async () => {
    const handlers = lazyHandlers({
      throwing: (): Promise<() => string> => {
        throw new Error('at once')
      },
      empty: async () => ({ other: () => 1 }) as unknown as { handle: () => number },
      nothing: async () => undefined as unknown as () => number,
    })
    for (const name of ['throwing', 'empty', 'nothing'] as const)
      await expect(handlers.load(name)).rejects.toMatchObject({ code: 'ERR_PERF_LAZY_LOAD' })
  })

  it('is given up at its deadline, and used all the same when it comes later', async () => {
    const { host, clock, facts } = listening()
    let arrive = (_handler: () => string): void => undefined
    const handlers = lazyHandlers(
      { slow: () => new Promise<() => string>((resolve) => (arrive = resolve)) },
      { host, timeoutMs: 100 },
    )
    const first = expect(handlers.run('slow')).rejects.toMatchObject({
      code: 'ERR_PERF_LAZY_LOAD',
      cause: { code: 'ERR_PERF_TIMEOUT' },
    })
    await clock.tick(100)
    await first
    expect(facts).toMatchObject([{ name: 'lazy.load_failed', of: 'slow', durationMs: 100, code: 'ERR_PERF_TIMEOUT' }])
    await clock.tick(50)
    arrive(() => 'at last')
    await clock.tick(0)
    expect(handlers.run('slow')).toBe('at last')
    expect(handlers.stats().slow).toEqual({ loaded: true, loadTimeMs: 150, loads: 1, errors: 1 })
  })
})

describe('an unknown name', () => {
  it.each(['video', 'toString', '__proto__'])('is refused with a code, also %s', async (name) => {
    const handlers = lazyHandlers({ text: async () => () => 1, image: async () => () => 2 })
    const expected = { code: 'ERR_PERF_LAZY_UNKNOWN', message: expect.stringContaining('text, image') as string }
    expect(() => handlers.run(name as 'text')).toThrow(expect.objectContaining(expected))
    await expect(handlers.load(name as 'text')).rejects.toMatchObject(expected)
    await expect(handlers.preload([name as 'text'])).rejects.toMatchObject(expected)
  })
})

describe('preload', () => {
  it('loads everything, two at a time', async () => {
    let running = 0
    let most = 0
    const thunk = async (): Promise<() => number> => {
      most = Math.max(most, ++running)
      await Promise.resolve()
      running -= 1
      return () => 1
    }
    const handlers = lazyHandlers({ a: thunk, b: thunk, c: thunk, d: thunk })
    await handlers.preload()
    expect(most).toBe(2)
    expect(Object.values(handlers.stats()).every(({ loaded }) => loaded)).toBe(true)
  })

  it('loads only what is named', async () => {
    const handlers = lazyHandlers({ a: async () => () => 1, b: async () => () => 2 })
    await handlers.preload(['b'], { concurrency: 8 })
    expect([handlers.loaded('a'), handlers.loaded('b')]).toEqual([false, true])
  })

  it('tries the others when one fails, and then throws that failure', async () => {
    const handlers = lazyHandlers({ bad: failing(new Error('down')), good: async () => () => 'fine' })
    const tried = handlers.preload(undefined, { concurrency: 1 })
    await expect(tried).rejects.toMatchObject({ message: 'handler "bad" could not be loaded' })
    expect(handlers.loaded('good')).toBe(true)
  })

  it('stops waiting at once when its signal aborts, and starts nothing more', async () => {
    const stop = new AbortController()
    const untouched = vi.fn(async () => () => 1)
    const handlers = lazyHandlers({ hanging: () => new Promise<() => number>(() => undefined), untouched })
    const preloading = handlers.preload(undefined, { concurrency: 1, signal: stop.signal })
    stop.abort(new Error('shutting down'))
    await expect(preloading).rejects.toThrow('shutting down')
    expect(untouched).not.toHaveBeenCalled()
  })
})

describe('on Workers', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('a load whose request has ended does not poison the handler', async () => {
    vi.stubGlobal('navigator', { userAgent: 'Cloudflare-Workers' })
    const { clock } = listening()
    let ended = false
    // What an ended request leaves behind there: a promise that never settles, and timers that never fire.
    const after = (ms: number, fire: () => void): (() => void) =>
      ended ? clock.after(ms, fire) : clock.after(ms, () => ended || fire())
    const thunk = vi.fn(async () => () => 'loaded')
    thunk.mockImplementationOnce(() => new Promise(() => undefined))
    const handlers = lazyHandlers({ text: thunk }, { host: createHost({ clock: { ...clock, after } }) })
    void Promise.resolve(handlers.run('text')).catch(() => undefined)
    ended = true
    const second = handlers.run('text')
    await clock.tick(1_000)
    expect(await second).toBe('loaded')
    expect(handlers.run('text')).toBe('loaded')
  })
})

describe('lazyHandlers', () => {
  it.each([
    ['a handler that is no function', () => lazyHandlers({ text: './text.ts' as never })],
    ['no map at all', () => lazyHandlers(null as never)],
    ['a deadline of zero', () => lazyHandlers({}, { timeoutMs: 0 })],
    ['a `pick` that is no function', () => lazyHandlers({}, { pick: 'handle' as never })],
    ['a host that is none', () => lazyHandlers({}, { host: {} as never })],
    ['an option that it does not know', () => lazyHandlers({}, { timeout: 5 } as never)],
  ])('refuses %s', (_what, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_PERF_OPTION' }))
  })

  it('is not touched by later changes of the map', async () => {
    const map = { text: async () => () => 'first' }
    const handlers = lazyHandlers(map)
    map.text = async () => () => 'second'
    expect(await handlers.run('text')).toBe('first')
  })
})
