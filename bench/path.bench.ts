/** The whole path of one message, from the request to the answer, and from the bytes to the results. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { cached, createCache } from '@easymo/perf/cache'
import { createDedup } from '@easymo/perf/dedup'
import { performanceMiddleware } from '@easymo/perf/http'
import { lazyHandlers } from '@easymo/perf/lazy'
import { createMetrics } from '@easymo/perf/metrics'
import { whatsappDelivery } from '@easymo/perf/testing'
import { createWebhook, splitWhatsApp, whatsapp, type WhatsAppUpdate } from '@easymo/perf/webhook'
import { compare, type Comparison } from './harness.ts'

const SECRET = 'the secret of the app'
const PHONE = '250788000001'
const encoder = new TextEncoder()
const decoder = new TextDecoder()

interface Delivery {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly signature: string
}

function nextDelivery(): Delivery {
  const bytes = encoder.encode(
    whatsappDelivery({ text: 'Muraho! Ndashaka moto kuri Kigali Heights.', from: PHONE }).body,
  )
  return { bytes, signature: `sha256=${createHmac('sha256', SECRET).update(bytes).digest('hex')}` }
}

function nextRequest(): Request {
  const { bytes, signature } = nextDelivery()
  const headers = { 'content-type': 'application/json', 'x-hub-signature-256': signature }
  return new Request('http://localhost/webhook', { method: 'POST', body: bytes, headers })
}

/** The floor's way to verify: what one would write by hand on Node. */
function verifiedByHand(bytes: Uint8Array, signature: string): boolean {
  const expected = createHmac('sha256', SECRET).update(bytes).digest()
  const given = Buffer.from(signature.slice(7), 'hex')
  return given.length === expected.length && timingSafeEqual(given, expected)
}

async function readByHand(request: Request): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  if (request.body === null) return new Uint8Array(0)
  const reader = (request.body as ReadableStream<Uint8Array>).getReader()
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    size += value.byteLength
    if (size > 3_145_728) throw new Error('too large')
    chunks.push(value)
  }
  const [only] = chunks
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks)
}

async function bareHandler(request: Request): Promise<Response> {
  const bytes = await readByHand(request)
  if (!verifiedByHand(bytes, request.headers.get('x-hub-signature-256') ?? '')) return new Response('', { status: 401 })
  JSON.parse(decoder.decode(bytes))
  return new Response('{"success":true}', { headers: { 'content-type': 'application/json' } })
}

function service() {
  const metrics = createMetrics({ defaultLabels: { service: 'bench' } })
  const profiles = createCache<{ name: string }>({ name: 'profile', maxEntries: 500, ttlMs: 300_000 })
  const profileByPhone = cached({
    cache: profiles,
    key: (phone: string) => `phone:${phone}`,
    load: () => ({ name: 'A' }),
  })
  const onMessage = async (update: WhatsAppUpdate): Promise<void> => {
    if (update.kind === 'message') await profileByPhone(update.payload.from ?? '')
  }
  const handlers = lazyHandlers({ message: async () => onMessage })
  const handle = (update: WhatsAppUpdate) => handlers.run('message', update)
  const provider = whatsapp({ appSecret: SECRET, verifyToken: 'verify' })
  const webhook = createWebhook({ provider, dedup: createDedup(), handle })
  return { handle, handler: performanceMiddleware({ service: 'bench', metrics, route: () => '/webhook' })(webhook) }
}

const wholePath = (): Promise<Comparison> => {
  const { handler } = service()
  return compare<Request>(
    'the whole path of one message: request to answer',
    [
      { name: 'bare handler', prepare: nextRequest, run: bareHandler },
      { name: 'easymo', prepare: nextRequest, run: (request) => handler(request) },
    ],
    [{ of: 'easymo', against: 'bare handler', atMost: 1.3 }],
  )
}

const bytesToResults = (): Promise<Comparison> => {
  const { handle } = service()
  const provider = whatsapp<[]>({ appSecret: SECRET, verifyToken: 'verify' })
  const dedup = createDedup()
  const options = { key: (u: WhatsAppUpdate) => u.key, groupBy: (u: WhatsAppUpdate) => u.group, handle }
  const prepare = nextDelivery
  return compare<Delivery>(
    'bytes to results, without HTTP',
    [
      {
        name: 'verify + parse',
        prepare,
        run: ({ bytes, signature }): unknown => verifiedByHand(bytes, signature) && JSON.parse(decoder.decode(bytes)),
      },
      {
        name: 'easymo',
        prepare,
        async run({ bytes, signature }) {
          const request = { headers: { get: () => signature } } as unknown as Request
          // On Node both answer at once; a promise would be awaited.
          const verified = provider.verify(request, bytes)
          if ((verified instanceof Promise ? await verified : verified) !== undefined) throw new Error('not verified')
          const split = splitWhatsApp(JSON.parse(decoder.decode(bytes)))
          const delivery = split instanceof Promise ? await split : split
          return dedup.each(delivery?.updates ?? [], options)
        },
      },
    ],
    [{ of: 'easymo', against: 'verify + parse', atMost: 1.4 }],
  )
}

export async function run(): Promise<Comparison[]> {
  return [await wholePath(), await bytesToResults()]
}
