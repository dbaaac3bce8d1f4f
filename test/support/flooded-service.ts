/** A service that gets more than it can hold: its handlers take a while, and it counts how often each update was handled. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createDedup } from '@easymo/perf/dedup'
import { toNode } from '@easymo/perf/http'
import { createWebhook, whatsapp } from '@easymo/perf/webhook'

const handled = new Map<string, number>()
const webhook = createWebhook({
  provider: whatsapp({ appSecret: 'secret', verifyToken: 'verify' }),
  dedup: createDedup({ retentionMs: 86_400_000, windowMs: 3_600_000 }),
  answerWithinMs: 60_000,
  handle: async ({ key }) => {
    await new Promise((resolve) => setTimeout(resolve, 2))
    handled.set(key, (handled.get(key) ?? 0) + 1)
  },
})

function counts(): Response {
  const twice = [...handled.values()].filter((times) => times > 1).length
  return Response.json({ handled: handled.size, twice, ...webhook.stats() })
}

const server = createServer(toNode((request) => (request.method === 'GET' ? counts() : webhook(request))))
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})
