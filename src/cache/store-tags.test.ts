import { describe, expect, it } from 'vitest'
import { Changes } from './changes.ts'
import { StoreTags } from './store-tags.ts'

const CHECK_MS = 1_000
const label = (beganAt: number, ...tags: string[]) => ({ tags, mark: 0, beganAt })

function knowing() {
  const changes = new Changes()
  const tags = new StoreTags(CHECK_MS, changes)
  const learn = (tag: string, stamps: { goneAt: number; staleAt: number } | undefined, now = 0): void =>
    tags.learn(tag, { stamps, storeNow: 50_000, now, mark: changes.mark.tags })
  return { changes, tags, learn }
}

describe('StoreTags', () => {
  it('knows nothing at first, and for as long as it may what the store said', () => {
    const { tags, learn } = knowing()
    expect(tags.endOf(label(10, 't'), 0)).toBeNaN()
    learn('t', { goneAt: 5, staleAt: 0 })
    expect(tags.endOf(label(10, 't'), CHECK_MS - 1)).toBe(Infinity)
    expect(tags.endOf(label(10, 't'), CHECK_MS)).toBeNaN()
    expect(tags.endOf(label(10, 't'), -CHECK_MS)).toBeNaN()
    expect(tags.endOf(label(5, 't'), 0)).toBe(-Infinity)
  })

  it('asks for all tags of an entry, and takes the strictest', () => {
    const { tags, learn } = knowing()
    learn('good', { goneAt: 5, staleAt: 0 })
    expect(tags.endOf(label(10, 'good', 'unknown'), 0)).toBeNaN()
    // Expired 10 ms ago, by the clock of the store.
    learn('stale', { goneAt: 5, staleAt: 40_000 })
    expect(tags.endOf(label(10, 'good', 'stale'), 0)).toBe(-10)
    learn('lost', undefined)
    expect(tags.endOf(label(10, 'good', 'stale', 'lost'), 0)).toBe(-Infinity)
  })

  it('takes a tag for unchanged since an entry of it began, for entries of this process that are not older', () => {
    const { tags } = knowing()
    tags.noted(label(100, 't'), 0)
    expect(tags.endOf(label(100, 't'), 0)).toBe(Infinity)
    expect(tags.endOf(label(99, 't'), 0)).toBeNaN()
    expect(tags.unsure(label(99, 't'), 0)).toEqual(['t'])
    expect(tags.unheard(['t'], 0)).toEqual(['t'])
  })

  it('does not take a note for longer because of later ones, nor in place of what the store said', () => {
    const { tags, learn } = knowing()
    tags.noted(label(100, 't'), 0)
    tags.noted(label(200, 't'), CHECK_MS - 1)
    expect(tags.endOf(label(100, 't'), CHECK_MS)).toBeNaN()
    learn('u', { goneAt: 150, staleAt: 0 })
    tags.noted(label(200, 'u'), 0)
    expect(tags.endOf(label(100, 'u'), 0)).toBe(-Infinity)
    expect(tags.unheard(['u'], 0)).toEqual([])
  })

  it('excuses what is known for one more time, but nothing that the store had lost', () => {
    const { tags, learn } = knowing()
    learn('gone', { goneAt: 50, staleAt: 0 })
    learn('lost', undefined)
    tags.excuse(['gone', 'lost', 'unknown'], CHECK_MS)
    expect(tags.endOf(label(10, 'gone'), CHECK_MS)).toBe(-Infinity)
    expect(tags.endOf(label(60, 'gone'), CHECK_MS)).toBe(Infinity)
    expect(tags.endOf(label(60, 'lost'), CHECK_MS)).toBe(-Infinity)
    expect(tags.endOf(label(60, 'unknown'), CHECK_MS)).toBe(Infinity)
    expect(tags.unheard(['gone', 'unknown'], CHECK_MS)).toEqual(['gone', 'unknown'])
  })

  it('knows nothing of a tag that was changed since the store was asked', () => {
    const { changes, tags, learn } = knowing()
    const { mark } = changes
    learn('t', { goneAt: 5, staleAt: 0 })
    learn('u', { goneAt: 5, staleAt: 0 })
    changes.add({ kind: 'gone', of: 't' })
    expect(tags.endOf(label(10, 't'), 0)).toBeNaN()
    expect(tags.endOf(label(10, 'u'), 0)).toBe(Infinity)
    // An answer that was on its way.
    tags.learn('t', { stamps: { goneAt: 5, staleAt: 0 }, storeNow: 0, now: 0, mark: mark.tags })
    expect(tags.endOf(label(10, 't'), 0)).toBeNaN()
  })

  it('forgets what it learnt first when there is too much', () => {
    const { tags, learn } = knowing()
    for (let at = 0; at <= 10_000; at += 1) learn(`t${at}`, { goneAt: 5, staleAt: 0 })
    expect(tags.endOf(label(10, 't0'), 0)).toBeNaN()
    expect(tags.endOf(label(10, 't1'), 0)).toBe(Infinity)
  })
})
