/**
 * Writes an array as Postgres reads one of any element type, every element quoted:
 * https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
 */
export function arrayText(values: readonly unknown[]): string {
  return `{${values.map(element).join(',')}}`
}

function element(value: unknown): string {
  if (value === null || value === undefined) return 'NULL'
  if (Array.isArray(value)) return arrayText(value)
  return `"${plain(value).replace(/["\\]/g, '\\$&')}"`
}

function plain(value: unknown): string {
  if (typeof value === 'string') return value
  // A date, and everything else that knows itself as JSON text.
  const text = typeof value === 'bigint' ? value.toString() : JSON.stringify(value)
  return text.startsWith('"') ? (JSON.parse(text) as string) : text
}
