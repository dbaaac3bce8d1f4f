import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Fact } from '../core/fact.ts'
import { createHost } from '../core/host.ts'
import { manualClock } from '../testing/clock.ts'
import { createWarmup } from './warmup.ts'

function listening() {
  const clock = manualClock()
  const facts: Fact[] = []
  return { clock, facts, host: createHost({ clock, observe: (fact) => facts.push(fact) }) }
}

const never = (): Promise<void> => new Promise(() => undefined)

describe('run', () => {
  it('runs every task and reports how each one ended', async () => {
    const { host, clock } = listening()
    const warmup = createWarmup({
      host,
      tasks: { quick: () => 1, slow: { run: () => new Promise<void>((resolve) => clock.after(30, resolve)) } },
    })
    expect(warmup.warmedUp).toBe(false)
    const running = warmup.run()
    await clock.tick(30)
    expect(await running).toEqual({
      ok: true,
      tasks: {
        quick: { status: 'ok', durationMs: 0, optional: false },
        slow: { status: 'ok', durationMs: 30, optional: false },
      },
    })
    expect(warmup.warmedUp).toBe(true)
  })

  it('gives all callers the same promise while it runs, and does nothing once it is done', async () => {
    const task = vi.fn(async () => undefined)
    const warmup = createWarmup({ tasks: { task } })
    const first = warmup.run()
    expect(warmup.run()).toBe(first)
    expect(await warmup.run()).toBe(await first)
    await first
    expect(await warmup.run()).toBe(await first)
    expect(task).toHaveBeenCalledTimes(1)
  })

  it('starts tasks in order, two at a time', async () => {
    const started: string[] = []
    let running = 0
    let most = 0
    const task = (name: string) => async (): Promise<void> => {
      started.push(name)
      most = Math.max(most, ++running)
      await Promise.resolve()
      running -= 1
    }
    await createWarmup({ tasks: { a: task('a'), b: task('b'), c: task('c'), d: task('d') } }).run()
    expect(started).toEqual(['a', 'b', 'c', 'd'])
    expect(most).toBe(2)
  })

  it('goes on with the others when a task throws, and tells a fact that says nothing but names', async () => {
    const { host, facts } = listening()
    const error = Object.assign(new Error('password of +250788000001'), { code: 'ECONNREFUSED' })
    const warmup = createWarmup({
      host,
      concurrency: 1,
      tasks: {
        database: () => {
          throw error
        },
        handlers: async () => undefined,
      },
    })
    const report = await warmup.run()
    expect(report.ok).toBe(false)
    expect(report.tasks.database).toEqual({ status: 'failed', durationMs: 0, optional: false, error })
    expect(report.tasks.handlers.status).toBe('ok')
    expect(warmup.warmedUp).toBe(false)
    expect(facts).toEqual([{ name: 'warmup.failed', of: 'database', durationMs: 0, code: 'ECONNREFUSED' }])
  })

  it('is done although an optional task failed', async () => {
    const failing = vi.fn(() => Promise.reject(new Error('down')))
    const warmup = createWarmup({ tasks: { extra: { run: failing, optional: true }, task: () => undefined } })
    expect(await warmup.run()).toMatchObject({ ok: true, tasks: { extra: { status: 'failed' } } })
    expect(warmup.warmedUp).toBe(true)
    await warmup.run()
    expect(failing).toHaveBeenCalledTimes(1)
  })

  it('runs again only what has not succeeded', async () => {
    const good = vi.fn(() => undefined)
    const flaky = vi.fn(() => Promise.resolve()).mockRejectedValueOnce(new Error('not yet'))
    const warmup = createWarmup({ tasks: { good, flaky } })
    expect((await warmup.run()).ok).toBe(false)
    expect(await warmup.run()).toMatchObject({ ok: true, tasks: { good: { status: 'ok' }, flaky: { status: 'ok' } } })
    expect([good, flaky].map(({ mock }) => mock.calls.length)).toEqual([1, 2])
  })

  it('gives a task up at its deadline and tells it so by its signal', async () => {
    const { host, clock } = listening()
    let aborted = false
    const hanging = ({ signal }: { signal: AbortSignal }): Promise<void> => {
      signal.addEventListener('abort', () => (aborted = true))
      return never()
    }
    const warmup = createWarmup({
      host,
      timeoutMs: 1_000,
      concurrency: 1,
      tasks: { own: { run: hanging, timeoutMs: 50 }, common: never, last: () => undefined },
    })
    const running = warmup.run()
    await clock.tick(1_050)
    expect(aborted).toBe(true)
    expect(await running).toMatchObject({
      ok: false,
      tasks: {
        own: { status: 'failed', durationMs: 50, error: { code: 'ERR_PERF_TIMEOUT' } },
        common: { status: 'failed', durationMs: 1_000 },
        last: { status: 'ok' },
      },
    })
  })

  it('lets one caller go without stopping the tasks', async () => {
    const stop = new AbortController()
    let finish = (): void => undefined
    const warmup = createWarmup({ tasks: { slow: () => new Promise<void>((resolve) => (finish = resolve)) } })
    const waiting = warmup.run({ signal: stop.signal })
    stop.abort(new Error('gone'))
    await expect(waiting).rejects.toThrow('gone')
    const other = warmup.run()
    finish()
    expect((await other).ok).toBe(true)
  })

  it('is done at once without tasks', async () => {
    expect(await createWarmup({ tasks: {} }).run()).toEqual({ ok: true, tasks: {} })
  })
})

describe('background', () => {
  it('returns at once, and drain waits for the tasks', async () => {
    const { host, clock } = listening()
    const warmup = createWarmup({
      host,
      tasks: { slow: () => new Promise<void>((resolve) => clock.after(20, resolve)) },
    })
    warmup.background()
    expect(warmup.stats()).toEqual({ slow: { status: 'running', durationMs: 0, optional: false } })
    const drained = host.drain()
    await clock.tick(20)
    expect(await drained).toBe(0)
    expect(warmup.warmedUp).toBe(true)
  })

  it('hands the work to `waitUntil`, and joins a run that is under way', async () => {
    const kept: Promise<unknown>[] = []
    const task = vi.fn(async () => undefined)
    const warmup = createWarmup({ tasks: { task } })
    warmup.background({ waitUntil: (promise) => kept.push(promise) })
    warmup.background()
    expect(kept.length).toBeGreaterThan(0)
    await Promise.all(kept)
    expect(warmup.warmedUp).toBe(true)
    warmup.background()
    expect(task).toHaveBeenCalledTimes(1)
  })

  it('swallows nothing but shows failures in stats', async () => {
    const { host, facts } = listening()
    const warmup = createWarmup({ host, tasks: { bad: () => Promise.reject(new Error('down')) } })
    warmup.background()
    await host.drain()
    expect(warmup.stats().bad.status).toBe('failed')
    expect(facts.map(({ name }) => name)).toEqual(['warmup.failed'])
  })
})

describe('stats', () => {
  it('shows each task as idle, running, ok or failed, with its time so far', async () => {
    const { host, clock } = listening()
    const warmup = createWarmup({
      host,
      concurrency: 1,
      timeoutMs: 100,
      tasks: { hanging: never, next: () => undefined },
    })
    expect(warmup.stats()).toEqual({
      hanging: { status: 'idle', durationMs: 0, optional: false },
      next: { status: 'idle', durationMs: 0, optional: false },
    })
    warmup.background()
    await clock.tick(40)
    expect(warmup.stats().hanging).toEqual({ status: 'running', durationMs: 40, optional: false })
    await clock.tick(60)
    expect(warmup.stats()).toEqual({
      hanging: { status: 'failed', durationMs: 100, optional: false },
      next: { status: 'ok', durationMs: 0, optional: false },
    })
  })
})

describe('on Workers', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('a run whose request has ended does not leave it stuck', async () => {
    vi.stubGlobal('navigator', { userAgent: 'Cloudflare-Workers' })
    const { clock } = listening()
    let ended = false
    // What an ended request leaves behind there: a promise that never settles, and timers that never fire.
    const after = (ms: number, fire: () => void): (() => void) =>
      ended ? clock.after(ms, fire) : clock.after(ms, () => ended || fire())
    const profiles = vi.fn(async () => undefined)
    profiles.mockImplementationOnce(never as () => Promise<undefined>)
    const warmup = createWarmup({ tasks: { profiles }, host: createHost({ clock: { ...clock, after } }) })
    void warmup.run()
    ended = true
    const second = warmup.run()
    await clock.tick(1_000)
    expect(await second).toMatchObject({ ok: true })
    expect(warmup.warmedUp).toBe(true)
  })
})

describe('createWarmup', () => {
  it.each<[what: string, options: object]>([
    ['tasks that are missing', {}],
    ['a task that is no function', { tasks: { a: 'load' } }],
    ['a task without `run`', { tasks: { a: { timeoutMs: 5 } } }],
    ['a task option that it does not know', { tasks: { a: { run: () => 1, timeout: 5 } } }],
    ['a deadline of zero', { tasks: {}, timeoutMs: 0 }],
    ['a deadline of text', { tasks: { a: { run: () => 1, timeoutMs: '5s' } } }],
    ['an `optional` that is no boolean', { tasks: { a: { run: () => 1, optional: 'yes' } } }],
    ['a concurrency that is not whole', { tasks: {}, concurrency: 1.5 }],
    ['an option that it does not know', { tasks: {}, parallel: 3 }],
  ])('refuses %s', (_what, options) => {
    expect(() => createWarmup(options as never)).toThrow(expect.objectContaining({ code: 'ERR_PERF_OPTION' }))
  })
})
