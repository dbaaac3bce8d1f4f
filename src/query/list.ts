import { Moment } from './moment.ts'

/** An element of a list: as a value, but that a bigint is still told from a text of digits. */
export type Element = string | number | boolean | bigint | Moment

/** What a column is to contain all of: elements of an array, or of an array in json. Only the column's type says which. */
export class List {
  readonly #elements: readonly Element[]

  constructor(elements: readonly Element[]) {
    this.#elements = elements
  }

  /** As json. Digits of a bigint stand there as the number that they are. */
  json(dialect: 'sql' | 'postgrest'): string {
    const texts = this.#elements.map((element) => {
      if (typeof element === 'bigint') return element.toString()
      return JSON.stringify(element instanceof Moment ? element[dialect] : element)
    })
    return `[${texts.join(',')}]`
  }

  /** As Postgres writes an array, every element quoted: https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO */
  array(): string {
    const texts = this.#elements.map((element) => (element instanceof Moment ? element.postgrest : String(element)))
    return `{${texts.map((text) => `"${text.replace(/["\\]/g, '\\$&')}"`).join(',')}}`
  }

  /** For a look at what is in it. */
  get elements(): readonly Element[] {
    return this.#elements
  }
}
