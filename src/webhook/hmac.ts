/**
 * HMAC-SHA256 (RFC 2104) over raw bytes, compared in constant time: by Node's own synchronous crypto where there is one
 * (five times as fast for a body of 2 KB), else by `crypto.subtle.verify` with a key that is imported once.
 */

/** The part of `node:crypto` that is used, written here so that nothing of Node is imported. */
interface NodeCrypto {
  createHmac(algorithm: 'sha256', key: string): { update(data: Uint8Array): { digest(): Uint8Array } }
  timingSafeEqual(a: Uint8Array, b: Uint8Array): boolean
}

const SHA256_BYTES = 32

/** Decodes 64 hexadecimal digits, of either case; undefined for anything else. */
export function sha256FromHex(hex: string): Uint8Array<ArrayBuffer> | undefined {
  if (hex.length !== 2 * SHA256_BYTES) return undefined
  const bytes = new Uint8Array(SHA256_BYTES)
  for (let at = 0; at < SHA256_BYTES; at += 1) {
    const high = nibble(hex.charCodeAt(2 * at))
    const low = nibble(hex.charCodeAt(2 * at + 1))
    if (high < 0 || low < 0) return undefined
    bytes[at] = high * 16 + low
  }
  return bytes
}

function nibble(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const letter = code | 32
  return letter >= 97 && letter <= 102 ? letter - 87 : -1
}

/** Says whether `expected` is the HMAC of `body` under one of the secrets. Synchronous on Node. */
export type HmacVerifier = (
  secrets: readonly string[],
  body: Uint8Array,
  expected: Uint8Array<ArrayBuffer>,
) => boolean | Promise<boolean>

/** Makes a verifier; which crypto it uses is looked up at the first call. */
export function createHmacVerifier(): HmacVerifier {
  let verify: HmacVerifier | undefined
  return (secrets, body, expected) => {
    verify ??= nodeVerifier() ?? subtleVerifier()
    return verify(secrets, body, expected)
  }
}

function nodeVerifier(): HmacVerifier | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }
  const node = process?.getBuiltinModule?.('node:crypto') as NodeCrypto | undefined
  if (node === undefined) return undefined
  return (secrets, body, expected) =>
    secrets.some((secret) => node.timingSafeEqual(node.createHmac('sha256', secret).update(body).digest(), expected))
}

/** Secrets rotate now and then; more keys than this at once are a mistake, and are imported anew. */
const MOST_KEYS = 16

export function subtleVerifier(): HmacVerifier {
  // Keys, not promises of keys: on Workers a promise may die with the request that made it.
  const keys = new Map<string, CryptoKey>()

  async function keyOf(secret: string): Promise<CryptoKey> {
    const known = keys.get(secret)
    if (known !== undefined) return known
    const bytes = new TextEncoder().encode(secret)
    const key = await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify'])
    if (keys.size >= MOST_KEYS) keys.clear()
    keys.set(secret, key)
    return key
  }

  return async (secrets, body, expected) => {
    for (const secret of secrets)
      if (await crypto.subtle.verify('HMAC', await keyOf(secret), expected, body as Uint8Array<ArrayBuffer>))
        return true
    return false
  }
}
