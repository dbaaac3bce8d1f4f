/**
 * Compares a given text with a secret, in a time that depends on the length of the given one alone. For values that are
 * compared whole, such as tokens; signatures go through HMAC verification instead.
 */
export function sameSecret(given: string, secret: string): boolean {
  let difference = given.length ^ secret.length
  for (let index = 0; index < given.length; index += 1)
    difference |= given.charCodeAt(index) ^ secret.charCodeAt(index % secret.length)
  return difference === 0
}
