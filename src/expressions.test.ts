import { describe, expect, it } from 'vitest'
import { attacksOn, expressionsBelow, type Expression } from '../test/support/expressions.ts'

const LONGEST_MS = 20
/** What backtracks without any bound shows it early, where it does not take for ever. */
const LENGTHS = [16, 24, 32, 40, 512, 8_192, 16_384, 65_536]
/** A machine that stands still is not to be taken for an expression that does. */
const TRIES = 20

const all = expressionsBelow(new URL('.', import.meta.url).pathname)

function tookMs(expression: RegExp, text: string): number {
  const began = performance.now()
  // As often as it is found, as its users do.
  if (expression.global) text.replace(expression, '')
  else expression.exec(text)
  return performance.now() - began
}

/** The shortest of a few tries, most of which are not needed. */
function shortestMs(expression: RegExp, text: string, tries: number): number {
  let shortest = Infinity
  for (let time = 0; time < tries && shortest > LONGEST_MS; time += 1)
    shortest = Math.min(shortest, tookMs(expression, text))
  return shortest
}

function slowest(expression: RegExp, tries = TRIES): string | undefined {
  for (const length of LENGTHS)
    for (const text of attacksOn(expression, length)) {
      const ms = shortestMs(expression, text, tries)
      if (ms > LONGEST_MS)
        return `${Math.round(ms)} ms for ${length} characters: ${JSON.stringify(text.slice(0, 40))} ...`
    }
  return undefined
}

describe('every regular expression of the package', () => {
  it('is written as a literal, so that it is tried here', () => {
    expect(all.length).toBeGreaterThan(100)
    expect(all.filter(({ expression }) => expression === undefined).map(({ file }) => file)).toEqual([])
  })

  const name = ({ file, expression }: Expression): string => `${file} ${String(expression)}`
  it.each(all.map((one) => [name(one), one.expression ?? /(?:)/] as const))('takes no time: %s', (_, expression) => {
    expect(slowest(expression)).toBeUndefined()
  })

  it('would be found out', () => {
    const slow = [/\s*,\s*/g, /=+$/, /\{[^}]+\}/, /#.*$/, /^(?:a|aa)+$/, /^(\w+\s?)*$/, /^a{2,}b?a{2,}$/, /(\w+)="/g]
    expect(slow.filter((expression) => slowest(expression, 1) === undefined)).toEqual([])
  })
})
