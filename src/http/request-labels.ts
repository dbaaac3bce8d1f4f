const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** The method as a label: a sender may write anything there. */
export function methodLabel(method: string): string {
  return METHODS.has(method) ? method : 'OTHER'
}

/** The status as a number that HTTP has; anything else will fail further out, and counts as a 500. */
export function statusNumber(status: unknown): number {
  return typeof status === 'number' && Number.isInteger(status) && status >= 100 && status <= 599 ? status : 500
}

/** As long as a label may be. */
const LONGEST_ROUTE = 128

/** What a template does not have, but a path that was given in its place may. */
const RAW = /[?#]|\d{5}/

/** The template of a route as a label: without a query, and with `:id` for every part that has five digits in a row. */
export function routeLabel(template: unknown): string {
  if (typeof template !== 'string' || template === '') return 'other'
  const short = template.slice(0, LONGEST_ROUTE)
  return RAW.test(short) ? withoutIds(short) : short
}

function withoutIds(path: string): string {
  const parts = path.replace(/[?#].*$/s, '').split('/')
  return parts.map((part) => (RAW.test(part) ? ':id' : part)).join('/') || 'other'
}
