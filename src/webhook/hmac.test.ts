import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createHmacVerifier, isSha256Hex, subtleVerifier } from './hmac.ts'

const hmac = (secret: string, body: Uint8Array): string => createHmac('sha256', secret).update(body).digest('hex')

const secrets = fc.oneof(fc.string({ minLength: 1 }), fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }))
const bodies = fc.uint8Array({ maxLength: 2_000 })

const verifiers = { 'of Node': createHmacVerifier(), 'of WebCrypto': subtleVerifier() }

afterEach(() => {
  vi.unstubAllGlobals()
})

describe.each(Object.entries(verifiers))('the verifier %s', (_, verify) => {
  it('agrees with node:crypto on any body and any secret', async () => {
    await fc.assert(
      fc.asyncProperty(secrets, bodies, async (secret, body) => {
        expect(await verify([secret], body, hmac(secret, body))).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  it('refuses a signature, a body or a secret that differs in one bit', async () => {
    const flipped = (bytes: Uint8Array, bit: number): Uint8Array<ArrayBuffer> => {
      const copy = new Uint8Array(bytes)
      const at = (bit >> 3) % copy.length
      copy[at] = (copy[at] ?? 0) ^ (1 << (bit & 7))
      return copy
    }
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 500 }), fc.nat(), async (body, bit) => {
        const right = hmac('secret', body)
        const other = flipped(Buffer.from(right, 'hex'), bit)
        expect(await verify(['secret'], body, Buffer.from(other).toString('hex'))).toBe(false)
        expect(await verify(['secret'], flipped(body, bit), right)).toBe(false)
        expect(await verify(['secres'], body, right)).toBe(false)
      }),
      { numRuns: 100 },
    )
  })

  it('takes any of several secrets, in whatever place, and none that is not among them', async () => {
    const body = new TextEncoder().encode('body')
    expect(await verify(['new', 'old'], body, hmac('new', body))).toBe(true)
    expect(await verify(['new', 'old'], body, hmac('old', body))).toBe(true)
    expect(await verify(['new', 'old'], body, hmac('older', body))).toBe(false)
    expect(await verify([], body, hmac('new', body))).toBe(false)
  })

  it('reads the digits of either case', async () => {
    const body = new TextEncoder().encode('body')
    expect(await verify(['secret'], body, hmac('secret', body).toUpperCase())).toBe(true)
  })

  it('verifies a body of no bytes', async () => {
    const none = new Uint8Array(0)
    expect(await verify(['secret'], none, hmac('secret', none))).toBe(true)
  })
})

describe('the choice of crypto', () => {
  const body = new TextEncoder().encode('body')

  it('is synchronous where Node is', () => {
    expect(createHmacVerifier()(['secret'], body, hmac('secret', body))).toBe(true)
  })

  it('is WebCrypto where there is no Node, and is made at the first call', async () => {
    const verify = createHmacVerifier()
    vi.stubGlobal('process', undefined)
    const answer = verify(['secret'], body, hmac('secret', body))
    vi.unstubAllGlobals()
    expect(answer).toBeInstanceOf(Promise)
    expect(await answer).toBe(true)
  })

  it('imports a key once, also of secrets that rotate', async () => {
    const imports = vi.spyOn(crypto.subtle, 'importKey')
    const verify = subtleVerifier()
    for (let time = 0; time < 5; time += 1) await verify(['new', 'old'], body, hmac('old', body))
    expect(imports).toHaveBeenCalledTimes(2)
    imports.mockRestore()
  })

  it('goes on verifying when more secrets came by than it keeps keys of', async () => {
    const verify = subtleVerifier()
    for (let name = 0; name < 40; name += 1)
      expect(await verify([`secret ${name}`], body, hmac(`secret ${name}`, body))).toBe(true)
    expect(await verify(['secret 0'], body, hmac('secret 0', body))).toBe(true)
  })
})

describe('isSha256Hex', () => {
  it('accepts 64 digits of either case', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const hex = Buffer.from(bytes).toString('hex')
        expect(isSha256Hex(hex)).toBe(true)
        expect(isSha256Hex(hex.toUpperCase())).toBe(true)
      }),
    )
  })

  it('refuses every other length', () => {
    for (const length of [0, 1, 62, 63, 65, 128]) expect(isSha256Hex('a'.repeat(length))).toBe(false)
    expect(isSha256Hex(`${'a'.repeat(64)}\n`)).toBe(false)
  })

  it('refuses every character that is no digit, wherever it stands', () => {
    for (let code = 0; code < 0x300; code += 1) {
      const character = String.fromCharCode(code)
      const isDigit = /^[0-9a-fA-F]$/.test(character)
      for (const at of [0, 1, 62, 63]) {
        const hex = 'a'.repeat(at) + character + 'a'.repeat(63 - at)
        expect(isSha256Hex(hex), `code ${code} at ${at}`).toBe(isDigit)
      }
    }
  })
})
