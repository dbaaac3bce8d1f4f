import { describe, expect, it } from 'vitest'
import { manualClock } from './clock.ts'

describe('manualClock', () => {
  it('stands still until it is moved', async () => {
    const clock = manualClock(5_000)
    expect([clock.now(), clock.elapsed()]).toEqual([5_000, 0])
    await clock.tick(10)
    expect([clock.now(), clock.elapsed()]).toEqual([5_010, 10])
  })

  it('fires timers in the order they come due, each at its own time', async () => {
    const clock = manualClock(0)
    const fired: [string, number][] = []
    const note = (name: string) => (): void => void fired.push([name, clock.elapsed()])
    clock.after(30, note('late'))
    clock.after(10, note('early'))
    clock.after(10, note('early too'))
    clock.after(10, note('cancelled'))()
    clock.after(31, note('not yet'))
    await clock.tick(30)
    expect(fired).toEqual([
      ['early', 10],
      ['early too', 10],
      ['late', 30],
    ])
  })

  it('fires timers that the work of a timer starts after some awaits', async () => {
    const clock = manualClock()
    const fired: number[] = []
    const again = async (): Promise<void> => {
      await Promise.resolve()
      fired.push(clock.elapsed())
      clock.after(10, () => void again())
    }
    await again()
    await clock.tick(35)
    expect(fired).toEqual([0, 10, 20, 30])
  })

  it('moves the wall clock alone, backwards too, as an administrator does', async () => {
    const clock = manualClock(1_000)
    let fired = 0
    clock.after(10, () => (fired += 1))
    clock.set(100)
    expect([clock.now(), clock.elapsed(), fired]).toEqual([100, 0, 0])
    await clock.tick(10)
    expect([clock.now(), clock.elapsed(), fired]).toEqual([110, 10, 1])
  })

  it('never runs backwards, even when two ticks are not awaited', async () => {
    const clock = manualClock(0)
    const [far, near] = [clock.tick(100), clock.tick(50)]
    await Promise.all([far, near])
    expect([clock.now(), clock.elapsed()]).toEqual([100, 100])
  })
})
