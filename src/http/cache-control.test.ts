import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCacheControl, spanOf } from './cache-control.ts'

const names = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9-]{0,12}$/)
const tokens = fc.stringMatching(/^[a-zA-Z0-9._-]{1,12}$/)
const quotable = fc.stringMatching(/^[ -~]{0,20}$/)
const seconds = (field: string): number | undefined => spanOf(parseCacheControl(field), 'max-age')

interface Written {
  readonly name: string
  readonly argument: { readonly as: 'none' | 'token' | 'quoted'; readonly value: string }
}

const written: fc.Arbitrary<Written> = fc.record({
  name: names,
  argument: fc.oneof(
    fc.constant({ as: 'none' as const, value: '' }),
    tokens.map((value) => ({ as: 'token' as const, value })),
    quotable.map((value) => ({ as: 'quoted' as const, value })),
  ),
})

function textOf({ name, argument: { as, value } }: Written): string {
  if (as === 'none') return name
  return as === 'token' ? `${name}=${value}` : `${name}="${value.replaceAll(/["\\]/g, '\\$&')}"`
}

describe('parseCacheControl', () => {
  it('reads back whatever can be written, in any case and spacing', () => {
    const lists = fc.uniqueArray(written, { selector: ({ name }) => name.toLowerCase() })
    fc.assert(
      fc.property(lists, fc.constantFrom(',', ', ', ' , ', ',,'), fc.boolean(), (list, comma, shout) => {
        const field = list.map((each) => textOf(shout ? { ...each, name: each.name.toUpperCase() } : each)).join(comma)
        const expected = list.map(({ name, argument }) => [name.toLowerCase(), argument.value] as const)
        expect(new Map(parseCacheControl(field))).toEqual(new Map(expected))
      }),
    )
  })

  it('never throws, and gives no directive a span that is negative, fractional or beyond 2^31 seconds', () => {
    const noisy = fc.stringMatching(/^[a-z0-9=",;\\ \t.-]{0,60}$/)
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          noisy,
          noisy.map((noise) => `max-age=${noise}`),
        ),
        (field) => {
          const directives = parseCacheControl(field)
          for (const name of directives.keys()) {
            const span = spanOf(directives, name) ?? -1
            expect(Number.isInteger(span / 1_000) && span >= 0 && span <= 2 ** 31 * 1_000).toBe(true)
          }
        },
      ),
    )
  })

  it('never hides a refusal behind what is malformed', () => {
    const noise = fc.stringMatching(/^[a-z0-9=;. -]{0,20}$/)
    fc.assert(
      fc.property(noise, noise, fc.constantFrom(',', ';', ' ', ', '), (before, after, between) => {
        // An equals sign before it would make the word an argument.
        const field = `${before.replace(/=\s*$/, '')}${between}no-store${between}${after.replace(/^\s*=/, '')}`
        expect(parseCacheControl(field).has('no-store')).toBe(true)
      }),
    )
  })

  it('does not take what is quoted for a directive', () => {
    expect(parseCacheControl('ext="no-store, private", max-age=5').has('no-store')).toBe(false)
    expect(parseCacheControl('ext="unclosed, no-store').has('no-store')).toBe(true)
  })

  it.each([
    ['max-age=60', 60_000],
    ['MAX-AGE=60', 60_000],
    ['max-age="60"', 60_000],
    ['max-age=007', 7_000],
    ['max-age=2147483648', 2_147_483_648_000],
    ['max-age=99999999999999999999999999', 2_147_483_648_000],
    ['max-age', 0],
    ['max-age=', 0],
    ['max-age=abc', 0],
    ['max-age=-5', 0],
    ['max-age=1.5', 0],
    ['max-age=1e3', 0],
    ['max-age = 60', 0],
    ['max-age=60, max-age=60', 60_000],
    ['max-age=60, max-age=600', 0],
    ['public', undefined],
    ['x-max-age=60', undefined],
  ])('reads %s as %s ms', (field, expected) => {
    expect(seconds(field)).toBe(expected)
  })
})
