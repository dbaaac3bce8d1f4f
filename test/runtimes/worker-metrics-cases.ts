/** What must hold on Workers for metrics that are pushed to a real server. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { otlpPoints, otlpResource } from '../support/otlp-check.ts'
import { must } from './report.ts'
import { until, type Cases } from './worker-requests.ts'

interface Receiver {
  readonly url: string
  readonly pushes: readonly { readonly headers: IncomingHttpHeaders; readonly body: string }[]
}

/** Serves in the place of a collector for as long as `use` takes. */
async function withReceiver(answer: (response: ServerResponse) => void, use: (receiver: Receiver) => Promise<void>) {
  const pushes: { headers: IncomingHttpHeaders; body: string }[] = []
  const server = createServer((request, response) => {
    text(request)
      .then((body) => pushes.push({ headers: request.headers, body }))
      .then(
        () => answer(response),
        () => response.destroy(),
      )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await use({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, pushes })
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

const taken = (response: ServerResponse): void => void response.end('{}')

export const metricsCases: Cases = {
  'metrics are pushed from a Worker, as OTLP wants them': ({ get }) =>
    withReceiver(taken, async ({ url, pushes }) => {
      const { body } = await get(`/metrics/push?url=${url}`)
      must(body['outcome'] === 'taken', JSON.stringify(body))
      const [push] = pushes
      must(push?.headers['authorization'] === 'Bearer t', JSON.stringify(push?.headers))
      must(otlpPoints(push?.body ?? '').has('queue_depth'), push?.body ?? '')
      must(otlpResource(push?.body ?? '')['service.instance.id'] === 'i1', push?.body ?? '')
    }),

  'a push goes on after its request when waitUntil keeps it': ({ get }) =>
    withReceiver(taken, async ({ url, pushes }) => {
      await get(`/metrics/push?url=${url}&keep`)
      must(await until(async () => pushes.length === 1), 'it did not arrive')
    }),

  'a redirect is not followed, and a frozen endpoint costs one deadline': async ({ get }) => {
    await withReceiver(taken, (elsewhere) =>
      withReceiver(
        (response) => void response.writeHead(307, { location: elsewhere.url }).end(),
        async ({ url }) => {
          const { body } = await get(`/metrics/push?url=${url}`)
          must(JSON.stringify(body).includes('"retryable":false'), JSON.stringify(body))
          must(elsewhere.pushes.length === 0, 'it was followed')
        },
      ),
    )
    await withReceiver(
      () => undefined,
      async ({ url }) => {
        const { body, ms } = await get(`/metrics/push?url=${url}&ms=300`)
        must(JSON.stringify(body).includes('ERR_PERF_TIMEOUT') && ms < 5_000, JSON.stringify(body))
      },
    )
  },
}
