import { afterEach, describe, expect, it, vi } from 'vitest'
import { manualClock } from '../testing/clock.ts'
import { sleep, systemClock } from './clock.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('systemClock', () => {
  it('hears a Date.now and a performance.now that a test replaced later', () => {
    vi.spyOn(Date, 'now').mockReturnValue(12_345)
    vi.spyOn(performance, 'now').mockReturnValue(67)
    expect(systemClock.now()).toBe(12_345)
    expect(systemClock.elapsed()).toBe(67)
  })

  it('fires once, and not when it was cancelled', () => {
    vi.useFakeTimers()
    const [fired, cancelled] = [vi.fn(), vi.fn()]
    systemClock.after(10, fired)
    systemClock.after(10, cancelled)()
    vi.advanceTimersByTime(9)
    expect(fired).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1_000)
    expect(fired).toHaveBeenCalledTimes(1)
    expect(cancelled).not.toHaveBeenCalled()
  })

  it('does not fire at once when it is asked for more than the platform can count', () => {
    vi.useFakeTimers()
    const fired = vi.fn()
    const cancels = [2 ** 31, 1e15, Infinity].map((ms) => systemClock.after(ms, fired))
    vi.advanceTimersByTime(86_400_000)
    expect(fired).not.toHaveBeenCalled()
    for (const cancel of cancels) cancel()
  })
})

it('sleeps by the clock it is given', async () => {
  const clock = manualClock()
  const awake = vi.fn()
  void sleep(clock, 50).then(awake)
  await clock.tick(49)
  expect(awake).not.toHaveBeenCalled()
  await clock.tick(1)
  expect(awake).toHaveBeenCalledTimes(1)
})
