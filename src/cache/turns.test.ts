import { describe, expect, it } from 'vitest'
import { manualClock } from '../testing/clock.ts'
import { Turns } from './turns.ts'

const never = (): Promise<never> => new Promise(() => undefined)

describe('turns', () => {
  it('does one piece of work of a key after the other, however the one before ended', async () => {
    const turns = new Turns(manualClock(), 1_000)
    const log: string[] = []
    const work = (name: string, fails: boolean) => async (): Promise<void> => {
      log.push(`${name} begins`)
      await Promise.resolve()
      log.push(`${name} ends`)
      if (fails) throw new Error(name)
    }
    const all = ['a', 'b', 'c'].map((name) => turns.take('k', work(name, name === 'a')))
    await Promise.allSettled(all)
    expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
    expect(turns.has('k')).toBe(false)
  })

  it('waits for work that never says that it is over until it must be, and no longer', async () => {
    const { tick, ...clock } = manualClock()
    const turns = new Turns(clock, 1_000)
    void turns.take('k', never)
    void turns.take('k', never)
    let begun = false
    const third = turns.take('k', async () => {
      begun = true
    })
    await tick(1_999)
    expect([begun, turns.has('k')]).toEqual([false, true])
    await tick(1)
    await third
    expect([begun, turns.has('k')]).toEqual([true, false])
  })

  it('forgets work that never says that it is over', async () => {
    const { tick, ...clock } = manualClock()
    const turns = new Turns(clock, 1_000)
    void turns.take('k', never)
    await tick(999)
    expect(turns.has('k')).toBe(true)
    await tick(1)
    expect(turns.has('k')).toBe(false)
    expect(await turns.take('k', async () => 'at once')).toBe('at once')
  })
})
