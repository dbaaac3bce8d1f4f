/** The check of a signature alone, against the crypto of the platform used by hand. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { whatsapp } from '@easymo/perf/webhook'
import { compare, type Comparison } from './harness.ts'

const SECRET = 'the secret of the app'
const body = new TextEncoder().encode(
  JSON.stringify({ entry: [{ changes: [{ value: { text: 'Muraho! '.repeat(240) } }] }] }),
)
const digest = createHmac('sha256', SECRET).update(body).digest('hex')
const request = { headers: new Headers({ 'x-hub-signature-256': `sha256=${digest}` }) } as Request
const signature = (): string => request.headers.get('x-hub-signature-256') ?? ''

function byNodeCrypto(): boolean {
  const expected = createHmac('sha256', SECRET).update(body).digest()
  const given = Buffer.from(signature().slice(7), 'hex')
  return given.length === expected.length && timingSafeEqual(given, expected)
}

/** A provider that finds no Node, as on Workers; the choice is made at its first check. */
async function providerWithoutNode() {
  const provider = whatsapp<[]>({ appSecret: SECRET, verifyToken: 'verify' })
  const builtin = Object.getOwnPropertyDescriptor(process, 'getBuiltinModule') ?? {}
  Reflect.deleteProperty(process, 'getBuiltinModule')
  try {
    if ((await provider.verify(request, body)) !== undefined) throw new Error('not verified')
  } finally {
    Object.defineProperty(process, 'getBuiltinModule', builtin)
  }
  return provider
}

export async function run(): Promise<Comparison[]> {
  const onNode = whatsapp<[]>({ appSecret: SECRET, verifyToken: 'verify' })
  const elsewhere = await providerWithoutNode()
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', new TextEncoder().encode(SECRET), algorithm, false, ['verify'])
  return [
    await compare(
      'signature of 2 KB, on Node',
      [
        { name: 'node:crypto by hand', run: byNodeCrypto },
        { name: 'easymo', run: () => onNode.verify(request, body) },
      ],
      [{ of: 'easymo', against: 'node:crypto by hand', atMost: 1.1 }],
    ),
    await compare(
      'signature of 2 KB, elsewhere',
      [
        {
          name: 'crypto.subtle.verify by hand, cached key',
          run: () => crypto.subtle.verify('HMAC', key, Buffer.from(signature().slice(7), 'hex'), body),
        },
        { name: 'easymo', run: () => elsewhere.verify(request, body) },
      ],
      [{ of: 'easymo', against: 'crypto.subtle.verify by hand, cached key', atMost: 1.1 }],
    ),
  ]
}
