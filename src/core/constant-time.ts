/**
 * Compares two secrets in a time that tells nothing of where they differ; that their lengths differ may be seen.
 * For values that are compared whole, such as tokens; signatures go through HMAC verification instead.
 */
export function sameSecret(given: string, expected: string): boolean {
  const encoder = new TextEncoder()
  const a = encoder.encode(given)
  const b = encoder.encode(expected)
  let difference = a.length ^ b.length
  for (let at = 0; at < b.length; at += 1) difference |= (a[at] ?? 0) ^ (b[at] ?? 0)
  return difference === 0
}
