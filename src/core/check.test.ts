import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { atLeast, between, hasMethods, isFunction, isText, knownOptions, oneOf, wholeAtLeast } from './check.ts'
import { OptionError } from './errors.ts'

type Check = (name: string, value: unknown) => void

/** Each check with values it takes and values it refuses. */
const checks: Record<string, { check: Check; good: readonly unknown[]; bad: readonly unknown[] }> = {
  atLeast: {
    check: (name, value) => atLeast(1, name, value),
    good: [1, 1.5, 1e12],
    bad: [0, 0.999, -1, NaN, Infinity, -Infinity, '5', null, undefined, 5n, {}, [5], true],
  },
  wholeAtLeast: {
    check: (name, value) => wholeAtLeast(1, name, value),
    good: [1, 2 ** 53 - 1],
    bad: [0, 1.5, 2 ** 53, NaN, Infinity, '5', null, undefined, 5n, [5]],
  },
  between: {
    check: (name, value) => between([0, 1], name, value),
    good: [0, -0, 0.5, 1],
    bad: [-0.001, 1.001, NaN, Infinity, '0', null, undefined, [0.5]],
  },
  oneOf: {
    check: (name, value) => oneOf(['lru', 'sieve'], name, value),
    good: ['lru', 'sieve'],
    bad: ['LRU', '', undefined, null, 0, ['lru'], {}],
  },
  isFunction: {
    check: (name, value) => isFunction(name, value),
    good: [() => 1, async () => 1, class {}],
    bad: [undefined, null, 'f', {}, 1],
  },
  'isFunction, optional': {
    check: (name, value) => isFunction(name, value, 'optional'),
    good: [undefined, () => 1],
    bad: [null, 'f', {}, false],
  },
  isText: { check: isText, good: ['a', ' '], bad: ['', undefined, null, 0, [], new String('a')] },
  hasMethods: {
    check: (name, value) => hasMethods(name, value, 'get', 'set'),
    good: [new Map(), { get: () => 1, set: () => 1 }],
    bad: [{ get: () => 1 }, { get: () => 1, set: 1 }, null, undefined, 'text', 0],
  },
}

for (const [title, { check, good, bad }] of Object.entries(checks))
  describe(title, () => {
    it('takes what is meant', () => {
      for (const value of good) expect(() => check('theOption', value)).not.toThrow()
    })

    it('refuses everything else with an OptionError that names the option', () => {
      for (const value of bad) {
        const refused = (): void => check('theOption', value)
        expect(refused, String(value)).toThrow(OptionError)
        expect(refused).toThrow(/^theOption must /)
        expect(refused).toThrow(expect.objectContaining({ code: 'ERR_PERF_OPTION' }))
      }
    })

    it('shows numbers and booleans, and never a string or an object, which may be a secret', () => {
      const secret = fc.string({ minLength: 8, maxLength: 20 }).map((text) => `S3cret:${text}`)
      fc.assert(
        fc.property(fc.oneof(secret, fc.array(secret), fc.dictionary(secret, secret)), (value) => {
          try {
            check('theOption', value)
          } catch (error) {
            expect((error as Error).message).not.toContain('S3cret')
          }
        }),
      )
    })
  })

it('shows the number or the boolean that was given', () => {
  expect(() => atLeast(1, 'ttlMs', -5)).toThrow('ttlMs must be a number of at least 1, not -5')
  expect(() => atLeast(1, 'ttlMs', NaN)).toThrow('not NaN')
  expect(() => isFunction('load', true)).toThrow('load must be a function, not true')
})

describe('knownOptions', () => {
  it('takes known names, present or not', () => {
    expect(() => knownOptions({}, 'a', 'b')).not.toThrow()
    expect(() => knownOptions({ a: undefined, b: 1 }, 'a', 'b')).not.toThrow()
  })

  it('refuses a name it does not know, and lists those it knows', () => {
    expect(() => knownOptions({ a: 1, tllMs: 5 }, 'a', 'ttlMs')).toThrow('unknown option "tllMs"; known: a, ttlMs')
  })

  it('refuses what is not an object, without showing it', () => {
    for (const value of [null, undefined, 'hunter2', 5, () => 1])
      expect(() => knownOptions(value as never, 'a')).toThrow(new OptionError('options must be an object'))
  })

  it('does not take inherited names for known ones', () => {
    expect(() => knownOptions({ constructor: 1 }, 'a')).toThrow('unknown option "constructor"')
    expect(() => knownOptions(JSON.parse('{"__proto__": 1}') as object, 'a')).toThrow('unknown option "__proto__"')
  })
})

it('refuses durations that no store can add to the time, and only those', () => {
  for (const check of [atLeast, wholeAtLeast]) {
    expect(() => check(1, 'retentionMs', 4e12)).not.toThrow()
    expect(() => check(1, 'retentionMs', 4e12 + 1)).toThrow('retentionMs must be at most 4000000000000')
    expect(() => check(1, 'tasks.first.timeoutMs', 5e15)).toThrow('more than a century')
    expect(() => check(1, 'maxBytes', 5e15)).not.toThrow()
  }
  expect(() => atLeast(1, 'retentionMs', 1e300)).toThrow(expect.objectContaining({ code: 'ERR_PERF_OPTION' }))
})
