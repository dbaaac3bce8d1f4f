/** Deeper paths are none that a service wrote down. */
const DEEPEST = 6
/** What people name routes with: letters and what joins them, and a few digits, as in `v2`. */
const WORD = /^[a-z](?:[a-z_-]|\d(?!\d{2})){0,39}$/i

/**
 * The route of a request by its path: what is no word becomes `:id`. A path that was not found names no route of the
 * service, and a scanner tries them without end.
 */
export function routeOf(path: string, status: number): string {
  if (status === 404 || typeof path !== 'string') return 'other'
  const parts = path.replace(/[?#].*$/s, '').split('/').filter((part) => part !== '') // prettier-ignore
  if (parts.length > DEEPEST) return 'other'
  return `/${parts.map((part) => (WORD.test(part) ? part : ':id')).join('/')}`
}
