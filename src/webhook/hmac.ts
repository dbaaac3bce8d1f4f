/**
 * HMAC-SHA256 (RFC 2104) over raw bytes, compared in constant time: by Node's own synchronous crypto where there is one
 * (five times as fast for a body of 2 KB), else by `crypto.subtle.verify` with a key that is imported once.
 */

/** The part of `node:crypto` that is used, written here so that nothing of Node is imported. */
interface NodeCrypto {
  createHmac(algorithm: 'sha256', key: string): { update(data: Uint8Array): { digest(as: 'hex'): string } }
}

/** The 64 digits of a SHA-256, of either case. */
const HEX = /^[\da-f]{64}$/i

export function isSha256Hex(text: string): boolean {
  return HEX.test(text)
}

/**
 * Says whether `signature`, in hexadecimal, is the HMAC of `body` under one of the secrets. Synchronous on Node.
 *
 * @param signature - must be `isSha256Hex`
 */
export type HmacVerifier = (
  secrets: readonly string[],
  body: Uint8Array,
  signature: string,
) => boolean | Promise<boolean>

/** Makes a verifier; which crypto it uses is looked up at the first call. */
export function createHmacVerifier(): HmacVerifier {
  let verify: HmacVerifier | undefined
  return (secrets, body, signature) => {
    verify ??= nodeVerifier() ?? subtleVerifier()
    return verify(secrets, body, signature)
  }
}

function nodeVerifier(): HmacVerifier | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }
  const node = process?.getBuiltinModule?.('node:crypto') as NodeCrypto | undefined
  if (node === undefined) return undefined
  return (secrets, body, signature) => {
    for (const secret of secrets)
      if (sameHex(node.createHmac('sha256', secret).update(body).digest('hex'), signature)) return true
    return false
  }
}

/**
 * Compares two texts of 64 hexadecimal digits in a time that does not depend on where they differ. In text, because Node
 * gives a digest as text faster than as bytes, and without the bytes of the other one.
 */
function sameHex(a: string, b: string): boolean {
  let difference = 0
  // `| 32` makes a letter small, and leaves a digit as it is.
  for (let at = 0; at < 64; at += 1) difference |= (a.charCodeAt(at) | 32) ^ (b.charCodeAt(at) | 32)
  return difference === 0
}

/** Secrets rotate now and then; more keys than this at once are a mistake, and are imported anew. */
const MOST_KEYS = 16

export function subtleVerifier(): HmacVerifier {
  // Keys, not promises of keys: on Workers a promise may die with the request that made it.
  const keys = new Map<string, CryptoKey>()

  async function importKey(secret: string): Promise<CryptoKey> {
    const bytes = new TextEncoder().encode(secret)
    const key = await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify'])
    if (keys.size >= MOST_KEYS) keys.clear()
    keys.set(secret, key)
    return key
  }

  return async (secrets, body, signature) => {
    const expected = bytesOf(signature)
    for (const secret of secrets) {
      const key = keys.get(secret) ?? (await importKey(secret))
      if (await crypto.subtle.verify('HMAC', key, expected, body as Uint8Array<ArrayBuffer>)) return true
    }
    return false
  }
}

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(hex.length / 2)
  for (let at = 0; at < bytes.length; at += 1)
    bytes[at] = digitOf(hex.charCodeAt(2 * at)) * 16 + digitOf(hex.charCodeAt(2 * at + 1))
  return bytes
}

/** `0` is 48, `a` is 97; `| 32` makes a letter small. */
function digitOf(code: number): number {
  return code < 58 ? code - 48 : (code | 32) - 87
}
