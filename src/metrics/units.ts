/** Base units, each with those that must not be used instead of it; the same words as promtool's. */
const UNITS: Readonly<Record<string, readonly string[]>> = {
  amperes: [],
  bytes: ['bits'],
  celsius: ['fahrenheit', 'rankine'],
  grams: ['pounds', 'ounces'],
  joules: ['calories'],
  kelvin: ['kelvins'],
  meters: ['inches', 'yards', 'miles'],
  metres: [],
  seconds: ['minutes', 'hours', 'days', 'weeks'],
  volts: [],
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
  return Object.keys(UNITS).find((base) => word === base || UNITS[base]?.includes(word))
}
