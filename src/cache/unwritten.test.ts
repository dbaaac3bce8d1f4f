import { describe, expect, it } from 'vitest'
import { manualClock } from '../testing/clock.ts'
import { Changes, type Change } from './changes.ts'
import { Unwritten } from './unwritten.ts'

const LONGEST_MS = 1_000
const entry = (of: string): Change => ({ kind: 'entry', of })

function unwritten() {
  const changes = new Changes()
  const told: string[] = []
  const to = {
    deleteMany: async (keys: readonly string[]) => void told.push(...keys.map((key) => `delete ${key}`)),
    stampTags: async (tags: readonly string[], as: string) => void told.push(...tags.map((tag) => `${as} ${tag}`)),
  }
  const clock = manualClock()
  const all = new Unwritten({ root: 'root', clock, longestMs: LONGEST_MS, changes })
  const fails = (change: Change): void => all.begin(change)(false)
  return { all, clock, told, to, fails }
}

describe('Unwritten', () => {
  it('marks a change while it is under way, and after it failed', () => {
    const { all } = unwritten()
    const end = all.begin(entry('k'))
    expect([all.has('k', []), all.has('other', [])]).toEqual([true, false])
    end(false)
    expect(all.has('k', [])).toBe(true)
    all.begin(entry('k'))(true)
    expect(all.has('k', [])).toBe(false)
  })

  it('does not take a key for a tag', () => {
    const { all, fails } = unwritten()
    fails({ kind: 'gone', of: 'name' })
    expect([all.has('name', []), all.has('k', ['name'])]).toEqual([false, true])
  })

  it('tells what failed, a tag that is gone after one that expired', async () => {
    const { all, told, to, fails } = unwritten()
    fails({ kind: 'gone', of: 'a' })
    fails({ kind: 'stale', of: 'a' })
    fails({ kind: 'stale', of: 'b' })
    fails(entry('k'))
    // Who expires a tag does not say that it is gone.
    all.begin({ kind: 'stale', of: 'a' })(true)
    await all.tell(to)
    expect(told).toEqual(['delete k', 'stale b', 'gone a'])
    expect(all.tell(to)).toBeUndefined()
    expect(all.has('k', ['a', 'b'])).toBe(false)
  })

  it('keeps what could not be told, and what failed again while it was told', async () => {
    const { all, told, to, fails } = unwritten()
    fails(entry('k'))
    fails({ kind: 'gone', of: 't' })
    const failing = { ...to, stampTags: () => Promise.reject(new Error('down')) }
    await expect(all.tell(failing)).rejects.toThrow('down')
    expect([all.has('k', []), all.has('other', ['t'])]).toEqual([false, true])
    fails(entry('k'))
    const telling = all.tell({ ...to, deleteMany: async () => fails(entry('k')) })
    expect(all.tell(to)).toBeUndefined()
    await telling
    expect(all.has('k', [])).toBe(true)
    await all.tell(to)
    expect(told).toEqual(['delete k', 'gone t', 'delete k'])
  })

  it('takes for failed what never says how it ended', async () => {
    const { all, clock, told, to } = unwritten()
    const end = all.begin(entry('k'))
    await clock.tick(LONGEST_MS)
    expect(all.abandon()).toBe(0)
    await clock.tick(1)
    expect(all.abandon()).toBe(1)
    end(true)
    expect(all.has('k', [])).toBe(true)
    await all.tell(to)
    expect(told).toEqual(['delete k'])
  })

  it('takes the whole cache for changed when there is too much', async () => {
    const { all, told, to, fails } = unwritten()
    for (let at = 0; at < 10_050; at += 1) fails(entry(`k${at}`))
    expect(all.has('never heard of', [])).toBe(true)
    await all.tell(to)
    expect(told.length).toBe(10_001)
    expect(told.at(-1)).toBe('gone root')
    expect(all.has('never heard of', [])).toBe(false)
  })
})
