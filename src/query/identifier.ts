import { OptionError } from '../core/errors.ts'

/** 63 bytes: a longer name is cut by Postgres without a word, and may then name something else. */
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_$]{0,62}$/

export interface Table {
  readonly schema: string | undefined
  readonly name: string
}

/** Refuses whatever is not a plain name. The text is not shown: it may be a user's. */
export function columnName(name: unknown): string {
  if (typeof name !== 'string' || !IDENTIFIER.test(name))
    throw new OptionError(
      'a column must be a name of at most 63 letters, digits, "_" and "$" that does not start with a digit',
    )
  return name
}

/** Reads the columns of a text with commas between them; none for `*`, which means all. */
export function listedColumns(text: unknown): readonly string[] {
  const names = typeof text === 'string' ? text.split(',').map((name) => name.trim()) : [text]
  return names.length === 1 && names[0] === '*' ? [] : [...new Set(names.map(columnName))]
}

/** Reads `table` or `schema.table`. */
export function tableName(text: unknown): Table {
  const parts = typeof text === 'string' ? text.split('.') : []
  const [first, second] = parts
  if (first === undefined || parts.length > 2 || !parts.every((part) => IDENTIFIER.test(part)))
    throw new OptionError('a table must be a name, or a schema and a name with a dot between, like a column name each')
  return second === undefined ? { schema: undefined, name: first } : { schema: first, name: second }
}
