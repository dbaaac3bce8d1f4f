import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { sign, signedRequest } from './sign.ts'

const expected = (body: string | Buffer, secret: string): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`

describe('sign', () => {
  it.each(['', '{}', 'Mwaramutse 👋 \u0000', 'x'.repeat(70_000)])('agrees with node:crypto', async (body) => {
    expect(await sign(body, 'secret ✓')).toBe(expected(body, 'secret ✓'))
  })

  it('signs bytes that are no text', async () => {
    const bytes = new Uint8Array([0xff, 0x00, 0xfe])
    expect(await sign(bytes, 's')).toBe(expected(Buffer.from(bytes), 's'))
  })

  it('refuses an empty secret', async () => {
    await expect(sign('{}', '')).rejects.toMatchObject({ code: 'ERR_PERF_OPTION' })
  })
})

describe('signedRequest', () => {
  it('carries the body and its signature', async () => {
    const request = await signedRequest('https://example.test/webhook', '{"a":"é"}', 's')
    expect(request.method).toBe('POST')
    expect(request.headers.get('x-hub-signature-256')).toBe(expected('{"a":"é"}', 's'))
    expect(request.headers.get('content-type')).toBe('application/json')
    expect(await request.text()).toBe('{"a":"é"}')
  })

  it('signs what is sent, also when the body holds half a character', async () => {
    const request = await signedRequest('https://example.test/', '"\ud800"', 's')
    const sent = Buffer.from(await request.arrayBuffer())
    expect(request.headers.get('x-hub-signature-256')).toBe(expected(sent, 's'))
  })
})
