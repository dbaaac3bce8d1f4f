/** Ids as WhatsApp makes them, and how they come: each a new string, whose hash nobody has computed yet. */
import { randomBytes } from 'node:crypto'

/** What is in an id: a phone number, and 80 random bits in hexadecimal. */
const ID_BYTES = 42
const ID_CHARS = (ID_BYTES / 3) * 4

/** New ids of 62 characters, as text: a delivery that was not parsed yet. */
export function idsText(count: number): string {
  const bytes = Buffer.alloc(count * ID_BYTES)
  const random = randomBytes(count * 14)
  for (let nth = 0; nth < count; nth += 1) {
    const phone = 250_780_000_000 + (random.readUInt32LE(nth * 14) % 10_000_000)
    const unique = random.toString('hex', nth * 14 + 4, nth * 14 + 14).toUpperCase()
    bytes.write(`\x1c\x18\x0c${phone}\x15\x02\x00\x12\x18\x14${unique}\x00`, nth * ID_BYTES, 'latin1')
  }
  const encoded = bytes.toString('base64')
  const ids = Array.from({ length: count }, (_, nth) => encoded.slice(nth * ID_CHARS, (nth + 1) * ID_CHARS))
  return `["wamid.${ids.join('","wamid.')}"]`
}

/** The ids of a text. A resend is parsed again: its ids are equal, but other strings. */
export const parsed = (text: string): string[] => JSON.parse(text) as string[]

export const freshIds = (count: number): string[] => parsed(idsText(count))
