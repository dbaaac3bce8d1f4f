import { describe, expect, it } from 'vitest'
import { manualClock } from '../testing/index.ts'
import { Drops, Pauses, ShortMemory } from './cache-memory.ts'

describe('Drops', () => {
  it('knows what began before a drop', () => {
    const drops = new Drops()
    const before = drops.begin()
    drops.drop('a')
    expect([drops.since('a', before), drops.since('b', before), drops.since('a', drops.begin())]).toEqual([
      true,
      false,
      false,
    ])
  })

  it('takes what began before its memory for dropped, and nothing that begins now', () => {
    const drops = new Drops()
    const before = drops.begin()
    for (let at = 0; at < 10_000; at += 1) drops.drop(`k${at}`)
    expect(drops.since('another', before)).toBe(false)
    drops.drop('one too many')
    expect([drops.since('k0', before), drops.since('another', before)]).toEqual([true, true])
    expect([drops.since('k0', drops.begin()), drops.since('another', drops.begin())]).toEqual([false, false])
  })
})

describe('ShortMemory', () => {
  it('forgets by itself, and when it is told', async () => {
    const clock = manualClock()
    const memory = new ShortMemory<number>(clock)
    memory.set('a', 1, 100)
    memory.set('b', 2, 100)
    memory.delete('b')
    expect([memory.get('a'), memory.get('b')]).toEqual([1, undefined])
    await clock.tick(100)
    expect(memory.get('a')).toBeUndefined()
  })

  it('holds a thousand keys, and forgets the eldest first', () => {
    const memory = new ShortMemory<number>(manualClock())
    for (let at = 0; at <= 1_000; at += 1) memory.set(`k${at}`, at, 1_000)
    expect([memory.get('k0'), memory.get('k1'), memory.get('k1000')]).toEqual([undefined, 1, 1_000])
  })
})

describe('Pauses', () => {
  it('double from one second to thirty, and end with a success', async () => {
    const clock = manualClock()
    const pauses = new Pauses(clock)
    const lengths: number[] = []
    for (let failure = 0; failure < 7; failure += 1) {
      pauses.failed('a')
      const from = clock.elapsed()
      while (pauses.has('a')) await clock.tick(500)
      lengths.push((clock.elapsed() - from) / 1_000)
    }
    expect(lengths).toEqual([1, 2, 4, 8, 16, 30, 30])
    pauses.failed('a')
    pauses.succeeded('a')
    expect(pauses.has('a')).toBe(false)
    pauses.failed('a')
    await clock.tick(1_000)
    expect(pauses.has('a')).toBe(false)
  })
})
