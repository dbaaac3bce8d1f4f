import type { PerformanceIndex } from './indexes.ts'

/** What an index should be, in the words of {@link bare}. */
export function expectedDefinition({ columns, where }: PerformanceIndex): string {
  return `btree (${columns.join(', ')})${where === undefined ? '' : ` where ${where}`}`
}

/** What the index is, without its name and its table's: `btree (role, status) WHERE (...)`. */
export function bare(definition: string): string {
  return definition.replace(/^.*? USING /, '')
}

/** Whether two definitions say the same: columns to the letter, predicates apart from the types that the server adds. */
export function isSame(one: string, other: string): boolean {
  return comparable(one) === comparable(other)
}

/** A type, as `status = 'open'` gets it from its column: `::text`, `::trip_status`, `::character varying(20)`. */
const CASTS = /::(?:character varying|(?:"[^"]*"|[\w.])+)(?:\(\d+\))?/g

function comparable(definition: string): string {
  const words = definition.replace(/\b(?:WHERE|DESC|IS NOT NULL)\b/g, (word) => word.toLowerCase())
  const [columns = '', where = ''] = words.split(' where ')
  return `${columns} where ${where.replace(CASTS, '').replace(/[()]/g, '')}`
}
