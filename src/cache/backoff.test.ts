import { expect, it } from 'vitest'
import { createBackoff } from './backoff.ts'

it('doubles the pause at each failure in a row, from 1 s to 30 s', () => {
  const backoff = createBackoff()
  let now = 0
  for (const pauseMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
    backoff.failed('k', now)
    expect(backoff.pauses('k', now + pauseMs - 1)).toBe(true)
    expect(backoff.pauses('k', now + pauseMs)).toBe(false)
    now += pauseMs
  }
})

it('begins anew after a success, and after everything was dropped', () => {
  const backoff = createBackoff()
  for (const recover of [() => backoff.succeeded('k'), () => backoff.clear()]) {
    for (let n = 0; n < 5; n += 1) backoff.failed('k', 0)
    recover()
    expect(backoff.pauses('k', 0)).toBe(false)
    backoff.failed('k', 0)
    expect([backoff.pauses('k', 999), backoff.pauses('k', 1_000)]).toEqual([true, false])
  }
})

it('leaves other keys alone', () => {
  const backoff = createBackoff()
  backoff.failed('k', 0)
  expect(backoff.pauses('other', 0)).toBe(false)
})

it('remembers a thousand failing keys, and lets go of the eldest alone', () => {
  const backoff = createBackoff()
  for (let n = 0; n < 1_001; n += 1) backoff.failed(`k${n}`, 0)
  const paused = Array.from({ length: 1_001 }, (_, n) => backoff.pauses(`k${n}`, 0))
  expect(paused.filter((is) => !is)).toHaveLength(1)
  expect(paused[0]).toBe(false)
})
