import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { manualClock } from '../testing/clock.ts'
import { LazyAbort, withDeadline, type Call } from './deadline.ts'
import { TimeoutError } from './errors.ts'

/** What the process would have died of. */
const unhandled: unknown[] = []
const note = (reason: unknown): void => void unhandled.push(reason)
/** Node tells of unhandled rejections after the microtasks have run. */
const macrotask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

beforeEach(() => void process.on('unhandledRejection', note))
afterEach(async () => {
  await macrotask()
  process.off('unhandledRejection', note)
  expect(unhandled.splice(0)).toEqual([])
})

function deferred<T>() {
  let resolve: (value: T) => void = () => undefined
  let reject: (reason: unknown) => void = () => undefined
  const promise = new Promise<T>((...settle) => ([resolve, reject] = settle))
  return { promise, resolve, reject }
}

/** A manual clock that counts the timers that are set. */
function counting() {
  const clock = manualClock()
  let open = 0
  const after: typeof clock.after = (ms, fire) => {
    open += 1
    let counted = true
    const close = (): void => {
      if (counted) open -= 1
      counted = false
    }
    const cancel = clock.after(ms, () => {
      close()
      fire()
    })
    return () => {
      close()
      cancel()
    }
  }
  return { clock: { ...clock, after }, openTimers: () => open }
}

describe('withDeadline', () => {
  it('gives what the work gives, and leaves no timer behind', async () => {
    const { clock, openTimers } = counting()
    const options = { clock, timeoutMs: 10, what: 'the work' }
    expect(await withDeadline(options, () => 1)).toBe(1)
    expect(await withDeadline(options, async () => 2)).toBe(2)
    const thrown = new Error('sync')
    await expect(
      withDeadline(options, () => {
        throw thrown
      }),
    ).rejects.toBe(thrown)
    await expect(withDeadline(options, () => Promise.reject(thrown))).rejects.toBe(thrown)
    expect(openTimers()).toBe(0)
  })

  it('runs the work at once, not a turn later', () => {
    const work = vi.fn(() => 1)
    void withDeadline({ clock: manualClock(), timeoutMs: 10, what: 'the work' }, work)
    expect(work).toHaveBeenCalledTimes(1)
  })

  it('rejects at the deadline, not before, and says what did not answer', async () => {
    const clock = manualClock()
    const settled = vi.fn()
    const result = withDeadline({ clock, timeoutMs: 100, what: 'the work' }, () => new Promise(() => undefined))
    result.then(settled, settled)
    await clock.tick(99)
    expect(settled).not.toHaveBeenCalled()
    await clock.tick(1)
    await expect(result).rejects.toEqual(new TimeoutError('the work', 100))
  })

  it('drops a late value and a late rejection', async () => {
    const clock = manualClock()
    for (const end of ['resolve', 'reject'] as const) {
      const work = deferred<number>()
      const result = withDeadline({ clock, timeoutMs: 10, what: 'the work' }, () => work.promise)
      const refused = expect(result).rejects.toThrow('did not answer within 10 ms')
      await clock.tick(10)
      if (end === 'resolve') work.resolve(1)
      else work.reject(new Error('late'))
      await refused
      await macrotask()
    }
    expect(unhandled).toEqual([])
  })

  it('tells the work of the deadline by its signal, before the caller hears of it', async () => {
    const clock = manualClock()
    const heard: string[] = []
    const result = withDeadline({ clock, timeoutMs: 10, what: 'the work' }, ({ signal }) => {
      signal.addEventListener('abort', () => heard.push((signal.reason as Error).name))
      return new Promise(() => undefined)
    }).catch(() => heard.push('the caller'))
    await clock.tick(10)
    await result
    expect(heard).toEqual(['TimeoutError', 'the caller'])
  })

  it('does not abort the signal of work that has ended', async () => {
    const clock = manualClock()
    const caller = new AbortController()
    let call: Call | undefined
    await withDeadline({ clock, timeoutMs: 10, what: 'the work', signal: caller.signal }, (given) => {
      call = given
    })
    await clock.tick(100)
    caller.abort()
    expect(call?.signal.aborted).toBe(false)
  })

  it('does not begin when the caller has given up already', async () => {
    const work = vi.fn()
    const reason = new Error('gone')
    const options = { clock: manualClock(), timeoutMs: 10, what: 'the work', signal: AbortSignal.abort(reason) }
    await expect(withDeadline(options, work)).rejects.toBe(reason)
    expect(work).not.toHaveBeenCalled()
  })

  it('gives up at once with the reason of the caller, and tells the work', async () => {
    const { clock, openTimers } = counting()
    const caller = new AbortController()
    const reason = new Error('gone')
    const work = deferred<number>()
    let call: Call | undefined
    const result = withDeadline({ clock, timeoutMs: 10, what: 'the work', signal: caller.signal }, (given) => {
      call = given
      return work.promise
    })
    caller.abort(reason)
    await expect(result).rejects.toBe(reason)
    expect(call?.signal.aborted).toBe(true)
    expect(call?.signal.reason).toBe(reason)
    expect(openTimers()).toBe(0)
    work.reject(new Error('late'))
  })

  it('gives up when the work itself makes the caller give up', async () => {
    const caller = new AbortController()
    const reason = new Error('gone')
    const options = { clock: manualClock(), timeoutMs: 10, what: 'the work', signal: caller.signal }
    const result = withDeadline(options, () => {
      caller.abort(reason)
      return new Promise(() => undefined)
    })
    await expect(result).rejects.toBe(reason)
  })

  it('takes its listener off the signal of the caller, which may live as long as the process', async () => {
    const { signal } = new AbortController()
    const [added, removed] = [vi.spyOn(signal, 'addEventListener'), vi.spyOn(signal, 'removeEventListener')]
    const clock = manualClock()
    const options = { clock, timeoutMs: 10, what: 'the work', signal }
    await withDeadline(options, () => 1)
    await withDeadline(options, () => Promise.reject(new Error('failed'))).catch(() => undefined)
    const late = withDeadline(options, () => new Promise(() => undefined)).catch(() => undefined)
    await clock.tick(10)
    await late
    expect(added).toHaveBeenCalledTimes(3)
    expect(removed.mock.calls.map(([, listener]) => listener)).toEqual(added.mock.calls.map(([, listener]) => listener))
  })
})

describe('LazyAbort', () => {
  it('makes no controller until its signal is read', () => {
    const made = vi.fn()
    const Real = AbortController
    vi.stubGlobal(
      'AbortController',
      class extends Real {
        constructor() {
          super()
          made()
        }
      },
    )
    const abort = new LazyAbort()
    abort.abort('over')
    expect(abort.aborted).toBe(true)
    expect(made).not.toHaveBeenCalled()
    expect(abort.signal.reason).toBe('over')
    expect(abort.signal).toBe(abort.signal)
    expect(made).toHaveBeenCalledTimes(1)
    vi.unstubAllGlobals()
  })

  it('keeps its first reason', () => {
    const [early, late] = [new LazyAbort(), new LazyAbort()]
    const { signal } = early
    for (const abort of [early, late]) for (const reason of ['first', 'second']) abort.abort(reason)
    expect([signal.reason, late.signal.reason]).toEqual(['first', 'first'])
  })

  it('tells of an abort without a reason as the platform does', () => {
    const abort = new LazyAbort()
    abort.abort(undefined)
    expect((abort.signal.reason as Error).name).toBe('AbortError')
  })
})
