import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { EVICTIONS } from '../../test/support/cache-of.ts'
import { manualClock } from '../testing/clock.ts'
import { Entries } from './entries.ts'
import { NONE } from './order.ts'

const LATER = 1_700_000_000_000

afterEach(() => vi.restoreAllMocks())

interface Made {
  readonly maxEntries?: number
  readonly eviction: (typeof EVICTIONS)[number]
  readonly start?: number
}

function entriesOf({ maxEntries = 3, eviction, start = LATER }: Made) {
  const clock = manualClock(start)
  const endOfLabel = (): number => Infinity
  const entries = new Entries<string>({ maxEntries, eviction, maxBytes: Infinity, sizeOf: () => 0, clock, endOfLabel })
  const keep = (key: string, leftMs: number): number => entries.keep(key, key, leftMs)
  /** What is known of an entry, its times counted from `LATER`. */
  const shown = (key: string): { ageMs: number; leftMs: number } | undefined => {
    const now = entries.now()
    const slot = entries.look(key)
    if (slot === NONE) return undefined
    expect(entries.value(slot)).toBe(key)
    return { ageMs: now - entries.bornAt(slot), leftMs: entries.endOf(slot, now) - now }
  }
  return { clock, entries, keep, shown }
}

describe.each(EVICTIONS)('entries kept while the clock says 0 (%s)', (eviction) => {
  it('start their time when it first says more', async () => {
    const { clock, keep, shown } = entriesOf({ eviction, start: 0 })
    keep('k', 10)
    keep('ever', Infinity)
    expect([shown('k'), shown('ever')]).toEqual([
      { ageMs: 0, leftMs: 10 },
      { ageMs: 0, leftMs: Infinity },
    ])
    clock.set(LATER)
    expect(shown('k')).toEqual({ ageMs: 0, leftMs: 10 })
    await clock.tick(7)
    expect([shown('k'), shown('ever')]).toEqual([
      { ageMs: 7, leftMs: 3 },
      { ageMs: 7, leftMs: Infinity },
    ])
  })

  it('start it once: the clock may go back to 0', () => {
    const { clock, entries, keep, shown } = entriesOf({ eviction, start: 0 })
    keep('k', 10)
    clock.set(LATER)
    entries.now()
    clock.set(0)
    entries.now()
    clock.set(LATER)
    expect(shown('k')).toEqual({ ageMs: 0, leftMs: 10 })
  })

  it('leave no time behind when they are replaced, deleted or evicted, and their slot is used again', () => {
    const { clock, entries, keep, shown } = entriesOf({ eviction, start: 0 })
    for (const key of ['replaced', 'deleted', 'evicted']) keep(key, 10)
    keep('replaced', 20)
    entries.delete('deleted')
    clock.set(LATER - 5)
    keep('late', 30)
    clock.set(LATER)
    keep('replaced', 40)
    expect([shown('late'), shown('replaced'), shown('deleted')]).toEqual([
      { ageMs: 5, leftMs: 25 },
      { ageMs: 0, leftMs: 40 },
      undefined,
    ])
    keep('newest', 50)
    expect([entries.evictions, entries.size, shown('newest')]).toEqual([1, 3, { ageMs: 0, leftMs: 50 }])
  })

  it('go with a clear, and those in their slots have their own time', () => {
    const { clock, entries, keep, shown } = entriesOf({ eviction, start: 0 })
    keep('k', 10)
    entries.clear()
    clock.set(LATER)
    keep('other', 20)
    expect([shown('k'), shown('other')]).toEqual([undefined, { ageMs: 0, leftMs: 20 }])
  })
})

describe.each(EVICTIONS)('the slots of entries (%s)', (eviction) => {
  it('are used again, whatever happens: there are never more than entries', () => {
    const step = fc.record({
      do: fc.constantFrom('keep', 'keep', 'keep', 'use', 'delete', 'clear'),
      key: fc.nat(9).map((n) => `k${n}`),
    })
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 100, size: 'max' }),
        fc.integer({ min: 1, max: 6 }),
        (steps, maxEntries) => {
          const { entries, keep } = entriesOf({ maxEntries, eviction })
          for (const { do: what, key } of steps) {
            if (what === 'keep') keep(key, 10)
            else if (what === 'use') entries.use(key)
            else if (what === 'delete') {
              const there = entries.look(key) !== NONE
              expect(entries.delete(key)).toBe(there)
            } else entries.clear()
            const slots = Array.from({ length: 10 }, (_, n) => entries.look(`k${n}`))
            const taken = slots.filter((slot) => slot !== NONE)
            expect(new Set(taken).size).toBe(taken.length)
            expect(entries.size).toBe(taken.length)
            expect(Math.max(NONE, ...taken)).toBeLessThan(maxEntries)
            for (const [n, slot] of slots.entries()) if (slot !== NONE) expect(entries.value(slot)).toBe(`k${n}`)
          }
        },
      ),
    )
  })

  it('hold on to nothing once their entry is gone', () => {
    const { entries, keep } = entriesOf({ eviction, maxEntries: 1 })
    keep('k', 10)
    const slot = entries.look('k')
    entries.delete('k')
    expect(entries.value(slot)).toBeUndefined()
  })

  it('are found without a walk over keys: a Map that is emptied from its front degrades', () => {
    const walks = [Map, Set].flatMap(({ prototype }) =>
      (['keys', 'values', 'entries', 'forEach'] as const).map((walk) =>
        vi.spyOn(prototype as Map<unknown, unknown>, walk),
      ),
    )
    const { entries, keep } = entriesOf({ eviction, maxEntries: 100 })
    for (let n = 0; n < 1_000; n += 1) keep(`k${n}`, 10)
    const walked = walks.filter((walk) => walk.mock.calls.length > 0)
    vi.restoreAllMocks()
    expect(walked).toEqual([])
    expect([entries.size, entries.evictions]).toEqual([100, 900])
  })
})
