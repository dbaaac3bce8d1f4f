import { describe, expect, it } from 'vitest'
import { TagBook } from './tags.ts'

const NOW = 1_700_000_000_000

/** What ties an entry to its tags whose load begins now. */
const labelled = (book: TagBook, ...tags: readonly string[]) => ({ tags, mark: book.mark, beganAt: 0 })

describe('the book of tags', () => {
  it('ends what began before an invalidation, and not what began after it', () => {
    const book = new TagBook()
    const before = labelled(book, 'a', 'b')
    book.gone('b')
    expect([book.endOf(before, NOW), book.endOf(labelled(book, 'a', 'b'), NOW)]).toEqual([-Infinity, Infinity])
  })

  it('ends nothing that has other tags', () => {
    const book = new TagBook()
    const other = labelled(book, 'a')
    book.gone('b')
    book.stale('c', NOW)
    expect(book.endOf(other, NOW)).toBe(Infinity)
  })

  it('ends freshness at the moment of the expiry, at the first one of several tags', () => {
    const book = new TagBook()
    const entry = labelled(book, 'a', 'b')
    book.stale('b', NOW + 5)
    book.stale('a', NOW + 7)
    expect(book.endOf(entry, NOW + 9)).toBe(NOW + 5)
  })

  it('remembers both kinds of a tag: what is gone stays gone when the tag expires later', () => {
    const book = new TagBook()
    const eldest = labelled(book, 'a')
    book.gone('a')
    const younger = labelled(book, 'a')
    book.stale('a', NOW)
    expect([book.endOf(eldest, NOW), book.endOf(younger, NOW)]).toEqual([-Infinity, NOW])
    book.gone('a')
    expect(book.endOf(younger, NOW)).toBe(-Infinity)
  })

  it('makes nothing fresh again when the clock is set back', () => {
    const book = new TagBook()
    const entry = labelled(book, 'a')
    book.stale('a', NOW)
    expect(book.endOf(entry, NOW - 60_000)).toBe(NOW - 60_000)
  })

  it('takes any string for a tag', () => {
    const book = new TagBook()
    const entry = labelled(book, '__proto__')
    book.gone('constructor')
    expect(book.endOf(entry, NOW)).toBe(Infinity)
    book.gone('__proto__')
    expect(book.endOf(entry, NOW)).toBe(-Infinity)
  })
})

describe('more tags than the book remembers', () => {
  const MOST = 10_000

  it('end whatever may have been meant by one that was forgotten, and nothing younger', () => {
    const book = new TagBook()
    const eldest = labelled(book, 'first')
    const unrelated = labelled(book, 'never')
    book.gone('first')
    const younger = labelled(book, 'first')
    for (let n = 1; n < MOST; n += 1) book.gone(`t${n}`)
    expect([eldest, unrelated, younger].map((label) => book.endOf(label, NOW))).toEqual([-Infinity, Infinity, Infinity])
    book.gone('one too many')
    expect([eldest, unrelated, younger].map((label) => book.endOf(label, NOW))).toEqual([
      -Infinity,
      -Infinity,
      Infinity,
    ])
  })

  it('end also what had merely expired', () => {
    const book = new TagBook()
    const entry = labelled(book, 'first')
    book.stale('first', NOW)
    for (let n = 0; n < MOST; n += 1) book.stale(`t${n}`, NOW)
    expect(book.endOf(entry, NOW)).toBe(-Infinity)
  })

  it('are counted from their last invalidation', () => {
    const book = new TagBook()
    const entry = labelled(book, 'a')
    book.gone('first')
    book.gone('second')
    book.gone('first')
    const afterSecond = { ...entry, mark: 2 }
    for (let n = 2; n <= MOST; n += 1) book.gone(`t${n}`)
    // `second` went, and `first` did not.
    expect([book.endOf(entry, NOW), book.endOf(afterSecond, NOW)]).toEqual([-Infinity, Infinity])
    expect(book.endOf({ ...afterSecond, tags: ['first'] }, NOW)).toBe(-Infinity)
  })

  it('never serve what an invalidation has ended, however many follow it', () => {
    const book = new TagBook()
    const labels = Array.from({ length: 100 }, (_, n) => {
      const label = labelled(book, `t${n}`)
      book.gone(`t${n}`)
      return label
    })
    for (let n = 0; n < 3 * MOST; n += 1) {
      book.gone(`other${n}`)
      if (n % 1_000 > 0) continue
      for (const label of labels) expect(book.endOf(label, NOW)).toBe(-Infinity)
    }
  })
})
