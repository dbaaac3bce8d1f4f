import type { CachedResponse, StoredResponse } from './cache-entry.ts'

/** What a field name is made of (RFC 9110, section 5.1). */
export const TOKEN: RegExp = /^[!#$%&'*+.^`|~\w-]+$/

/** Fields in which blanks and case carry no meaning. */
const LOOSE: ReadonlySet<string> = new Set(['accept-language', 'accept-encoding', 'accept-charset'])

/** The fields that a `Vary` names, in lower case; `undefined` when they cannot be told: `*`, or what is no name. */
export function varyNames(field: string | null): readonly string[] | undefined {
  if (field === null) return []
  const names = field
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '')
  return names.every((name) => name !== '*' && TOKEN.test(name)) ? names : undefined
}

/** A request's value of a field, so written that values which mean the same are the same. */
function varyValue(headers: Headers, name: string): string | null {
  // Who brings a cookie that matters is not answered from here at all; of one that does not, nothing may depend.
  const value = name === 'cookie' ? null : headers.get(name)
  if (value === null) return null
  if (LOOSE.has(name)) return value.replaceAll(/\s+/g, '').toLowerCase()
  // Not by an expression for the comma and its blanks: on a run of blanks that would be tried from each of them.
  return value.includes(',') ? value.split(',').map(trimmed).join(',') : value.trim()
}

const trimmed = (part: string): string => part.trim()

/** The values of all those fields, without repetition and in one order. */
export function varyOf(headers: Headers, names: readonly string[]): StoredResponse['vary'] {
  return [...new Set(names)].sort().map((name) => [name, varyValue(headers, name)] as const)
}

/** True when the stored response was chosen by the very values that this request brings. */
export function suits({ vary }: StoredResponse, headers: Headers): boolean {
  for (const [name, value] of vary) if (varyValue(headers, name) !== value) return false
  return true
}

/** The youngest variant that suits the request. */
export function variantFor(entry: CachedResponse | undefined, headers: Headers): StoredResponse | undefined {
  return entry?.variants.find((variant) => suits(variant, headers))
}

/** Puts a variant before the others, in place of the one it replaces. */
export function withVariant(
  entry: CachedResponse | undefined,
  added: StoredResponse,
  maxVariants: number,
): CachedResponse {
  // One that depends on nothing is chosen for every request: the others would never be met again.
  const others = added.vary.length === 0 ? [] : (entry?.variants ?? [])
  const written = JSON.stringify(added.vary)
  const kept = others.filter(({ vary }) => JSON.stringify(vary) !== written)
  return { variants: [added, ...kept].slice(0, maxVariants) }
}
