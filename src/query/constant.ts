import { OptionError } from '../core/errors.ts'
import { exact } from './exact.ts'

/** A value that is written into the statement; made by {@link constant}. */
export class Constant<out V extends string | number | boolean> {
  readonly value: V

  /** Use {@link constant}, which checks the value. */
  constructor(value: V) {
    this.value = value
  }
}

/** What a status is; nothing that SQL reads as more than text. */
const WORD = /^[\w .:/+-]{0,63}$/

/**
 * Declares a value that is the same in every run of the program, such as a status. It is written into the statement, where
 * the planner sees it: an index with `where status = 'open'` serves `eq('status', constant('open'))`, but need not serve a
 * parameter. Never make one of what a user sent: each is a statement of its own.
 *
 * @param value - a number up to 2^53, a boolean, or up to 63 letters, digits, spaces and `_.:/+-`
 * @throws OptionError `ERR_PERF_OPTION` for anything else
 */
export function constant<const V extends string | number | boolean>(value: V): Constant<V> {
  if (typeof value === 'string' ? !WORD.test(value) : typeof value !== 'boolean' && !Number.isFinite(value))
    throw new OptionError('constant() takes a finite number, a boolean or up to 63 letters, digits, spaces and _.:/+-')
  if (typeof value === 'number') exact(value, 'constant()')
  return new Constant(value)
}

/** As SQL writes it. */
export function literalOf({ value }: Constant<string | number | boolean>): string {
  return typeof value === 'string' ? `'${value}'` : String(value)
}

/** The text between the quotes. */
export function textOf(literal: string): string {
  return literal.startsWith("'") ? literal.slice(1, -1) : literal
}
