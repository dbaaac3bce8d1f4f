/** Digits of hexadecimal in a message id: what tells two messages of one conversation apart. */
const UNIQUE_DIGITS = 20

/** The bytes around phone number and unique part, read off ids that the provider published. */
const HEAD = [0x1c, 0x18]
const MIDDLE = [0x15, 0x02, 0x00, 0x12, 0x18, UNIQUE_DIGITS]

/**
 * Makes a message id as WhatsApp makes them: `wamid.` and base64 of the phone number and 20 random hexadecimal digits; 62
 * characters for a phone number of 10 to 12 digits.
 *
 * @param phone - digits only
 */
export function randomWamid(phone: string): string {
  const random = crypto.getRandomValues(new Uint8Array(UNIQUE_DIGITS / 2))
  const unique = Array.from(random, (byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join('')
  const bytes = [...HEAD, phone.length, ...codes(phone), ...MIDDLE, ...codes(unique), 0]
  return `wamid.${btoa(String.fromCharCode(...bytes))}`
}

const codes = (ascii: string): number[] => Array.from(ascii, (character) => character.charCodeAt(0))
