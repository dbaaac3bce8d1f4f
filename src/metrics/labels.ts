/** Longer label values are cut, so that a body used as a label by mistake costs little. In UTF-16 units. */
const LONGEST_VALUE = 128

/**
 * A whole value that is a phone number in one of its usual dresses: `+250788000001`, `whatsapp:+250-788-000-001`,
 * `250788000001:12@s.whatsapp.net`. 8 to 15 digits, as E.164 has them.
 */
const PHONE_LIKE = /^(?:[a-z]{1,16}:)?[+＋]?\(?\p{Nd}(?:[\p{Pd}().]{0,3}\p{Nd}){7,14}(?::\d{1,3})?(?:@[a-z.]{1,32})?$/iu

/** Spaces of all kinds, and what address books put around numbers and nobody sees. */
const UNSEEN = /[\s\p{Cf}]/gu

/** Half a character, which UTF-8 cannot write. */
const LONE_SURROGATE = /\p{Surrogate}/gu

/**
 * Makes a label value fit to be shown: at most 128 characters, no lone surrogates, and no phone numbers unless they are
 * allowed here.
 */
export function cleanValue(value: string, digitsAllowed: boolean): string {
  const text = value.slice(0, LONGEST_VALUE).replace(LONE_SURROGATE, '')
  return !digitsAllowed && PHONE_LIKE.test(text.replace(UNSEEN, '')) ? 'redacted' : text
}

/**
 * Copies a string out of the larger one it may be a slice of, so that a label never keeps a whole body alive. By way of
 * a property name, because engines keep one copy of those, and then find literals by address and not by content.
 */
export function detached(text: string): string {
  return Object.keys({ [text]: 0 })[0] ?? text
}
