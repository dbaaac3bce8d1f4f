import type { CachedResponse, StoredResponse } from './cache-entry.ts'

/** Makes text of a cached value and back, for caches whose store keeps text. */
export interface CachedResponseCodec {
  /** Text that `decode` makes the same value of. */
  encode(value: CachedResponse): string
  /**
   * @throws TypeError for what `encode` did not write
   * @throws SyntaxError for what is no JSON
   */
  decode(text: string): CachedResponse
}

/** Longer argument lists overflow the stack. */
const PIECE = 8_192

/** JSON, with the bodies in base64: a third longer than their bytes. */
export const cachedResponseCodec: CachedResponseCodec = {
  encode: ({ variants }) =>
    JSON.stringify({ variants: variants.map((stored) => ({ ...stored, body: base64(stored.body) })) }),
  decode: (text) => {
    const { variants } = (JSON.parse(text) ?? {}) as { readonly variants?: unknown }
    if (!Array.isArray(variants)) throw unknownFormat()
    return { variants: variants.map(decoded) }
  },
}

function decoded(value: unknown): StoredResponse {
  if (typeof value !== 'object' || value === null || !isStored(value)) throw unknownFormat()
  const { status, statusText, headers, body, vary, tags, storedAt, ageMs, freshMs } = value
  const { staleWhileRevalidateMs, staleIfErrorMs } = value
  const times = { storedAt, ageMs, freshMs, staleWhileRevalidateMs, staleIfErrorMs }
  return { status, statusText, headers, body: bytesOf(body), vary, tags, ...times }
}

const NUMBERS = ['status', 'storedAt', 'ageMs', 'freshMs', 'staleWhileRevalidateMs', 'staleIfErrorMs'] as const

type Written = Omit<StoredResponse, 'body'> & { readonly body: string }

function isStored(value: object): value is Written {
  const written = value as Partial<Record<keyof Written, unknown>>
  return (
    NUMBERS.every((name) => Number.isFinite(written[name])) &&
    typeof written.statusText === 'string' &&
    typeof written.body === 'string' &&
    arePairs(written.headers) &&
    arePairs(written.vary) &&
    Array.isArray(written.tags) &&
    written.tags.every((tag) => typeof tag === 'string')
  )
}

function arePairs(value: unknown): boolean {
  const isPair = (pair: unknown): boolean =>
    Array.isArray(pair) && pair.length === 2 && typeof pair[0] === 'string' && isTextOrNull(pair[1])
  return Array.isArray(value) && value.every(isPair)
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === 'string'
}

function unknownFormat(): TypeError {
  return new TypeError('not a cached response')
}

function base64(bytes: Uint8Array): string {
  let binary = ''
  for (let at = 0; at < bytes.length; at += PIECE) binary += String.fromCharCode(...bytes.subarray(at, at + PIECE))
  return btoa(binary)
}

function bytesOf(text: string): Uint8Array {
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at)
  return bytes
}
