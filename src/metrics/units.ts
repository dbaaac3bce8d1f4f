/** Base units, and those that must not be used instead of them; the same words as promtool's. */
const BASE_UNIT: Readonly<Record<string, string>> = {
  amperes: 'amperes',
  bytes: 'bytes',
  celsius: 'celsius',
  grams: 'grams',
  joules: 'joules',
  kelvin: 'kelvin',
  meters: 'meters',
  metres: 'metres',
  seconds: 'seconds',
  volts: 'volts',
  minutes: 'seconds',
  hours: 'seconds',
  days: 'seconds',
  weeks: 'seconds',
  kelvins: 'kelvin',
  fahrenheit: 'celsius',
  rankine: 'celsius',
  inches: 'meters',
  yards: 'meters',
  miles: 'meters',
  bits: 'bytes',
  calories: 'joules',
  pounds: 'grams',
  ounces: 'grams',
}

const PREFIX = /^(?:pico|nano|micro|milli|centi|deci|deca|hecto|kilo|kibi|mega|mibi|giga|gibi|tera|tebi|peta|pebi)/
const ABBREVIATED = /_(?:s|ms|us|ns|sec|b|kb|mb|gb|tb|pb|m|h|d)(?:_|$)/i

/** Why the unit in a metric's name is not a base unit; `undefined` when it is, or when there is none. */
export function unitProblem(name: string): string | undefined {
  if (ABBREVIATED.test(name)) return 'must not abbreviate a unit: write seconds, bytes'
  for (const word of name.split('_')) {
    const base = baseUnit(word) ?? baseUnit(word.replace(PREFIX, ''))
    if (base !== undefined) return base === word ? undefined : `must be in the base unit ${base}`
  }
  return undefined
}

function baseUnit(word: string): string | undefined {
  return Object.hasOwn(BASE_UNIT, word) ? BASE_UNIT[word] : undefined
}
