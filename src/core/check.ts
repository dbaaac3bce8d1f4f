import { OptionError } from './errors.ts'

/** Refuses names that the room does not know: a typo must not become a default. */
export function knownOptions(options: object, ...names: readonly string[]): void {
  if (typeof options !== 'object' || options === null) throw new OptionError('options must be an object')
  // Without a list of the names: methods check their options at every call.
  for (const name in options)
    if (!names.includes(name)) throw new OptionError(`unknown option "${name}"; known: ${names.join(', ')}`)
}

/** More than a century. A sum of the time and of more would be no whole number any more, or none that a store can hold. */
const LONGEST_MS = 4e12

/** A finite number of at least `minimum`; a duration, as its name says, of at most {@link LONGEST_MS}. */
export function atLeast(minimum: number, name: string, value: unknown): void {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < minimum)
    throw new OptionError(`${name} must be a number of at least ${minimum}${shown(value)}`)
  notTooLong(name, value)
}

/** A number of milliseconds of at least 1, or `Infinity` for ever. */
export function isTimeout(name: string, value: unknown): void {
  if (typeof value !== 'number' || !(value >= 1))
    throw new OptionError(`${name} must be a number of milliseconds of at least 1, or Infinity${shown(value)}`)
}

function notTooLong(name: string, value: number): void {
  if (value > LONGEST_MS && name.endsWith('Ms'))
    throw new OptionError(`${name} must be at most ${LONGEST_MS} (more than a century)${shown(value)}`)
}

/** A whole number of at least `minimum`; a duration of at most {@link LONGEST_MS}. */
export function wholeAtLeast(minimum: number, name: string, value: unknown): void {
  if (!Number.isSafeInteger(value) || (value as number) < minimum)
    throw new OptionError(`${name} must be a whole number of at least ${minimum}${shown(value)}`)
  notTooLong(name, value as number)
}

/** A number from the first to the second, both included. */
export function between([minimum, maximum]: readonly [number, number], name: string, value: unknown): void {
  if (typeof value !== 'number' || !(value >= minimum && value <= maximum))
    throw new OptionError(`${name} must be a number from ${minimum} to ${maximum}${shown(value)}`)
}

/** One of the words given. */
export function oneOf(words: readonly string[], name: string, value: unknown): void {
  if (!words.includes(value as string))
    throw new OptionError(`${name} must be one of ${words.join(', ')}${shown(value)}`)
}

/** A function; with `undefined` allowed when it is optional. */
export function isFunction(name: string, value: unknown, presence: 'required' | 'optional' = 'required'): void {
  if (value === undefined && presence === 'optional') return
  if (typeof value !== 'function') throw new OptionError(`${name} must be a function${shown(value)}`)
}

/** A string that is not empty. */
export function isText(name: string, value: unknown): void {
  if (typeof value !== 'string' || value === '') throw new OptionError(`${name} must be a string that is not empty`)
}

/** An object that has these methods: how a room asks for another room's service. */
export function hasMethods(name: string, value: unknown, ...methods: readonly string[]): void {
  const missing = methods.find(
    (method) => typeof (value as Record<string, unknown> | null | undefined)?.[method] !== 'function',
  )
  if (missing !== undefined) throw new OptionError(`${name} must have a method ${missing}()`)
}

/** Numbers and booleans may be shown; anything else could be a secret. */
function shown(value: unknown): string {
  return typeof value === 'number' || typeof value === 'boolean' ? `, not ${value}` : ''
}
