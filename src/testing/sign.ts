import { isText } from '../core/check.ts'

/**
 * Signs a body as WhatsApp signs it: `sha256=` and the hexadecimal HMAC-SHA256 of the bytes, keyed with the app secret, for
 * the header `X-Hub-Signature-256`.
 *
 * @throws OptionError `ERR_PERF_OPTION` when the secret is empty
 */
export async function sign(body: string | Uint8Array, secret: string): Promise<string> {
  isText('secret', secret)
  const encoder = new TextEncoder()
  const bytes = typeof body === 'string' ? encoder.encode(body) : owned(body)
  const key = await crypto.subtle.importKey('raw', encoder.encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
  ])
  const mac = new Uint8Array(await crypto.subtle.sign('HMAC', key, bytes))
  return `sha256=${Array.from(mac, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}

/**
 * Makes the POST request that the provider would send for this body.
 *
 * @throws OptionError `ERR_PERF_OPTION` when the secret is empty
 * @throws TypeError when the URL is not absolute
 */
export async function signedRequest(url: string | URL, body: string | Uint8Array, secret: string): Promise<Request> {
  const headers = { 'content-type': 'application/json', 'x-hub-signature-256': await sign(body, secret) }
  return new Request(url, { method: 'POST', headers, body: typeof body === 'string' ? body : owned(body) })
}

/** The same bytes in a buffer that nobody shares, which is what the platform's types ask for. */
function owned(body: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(body)
}
