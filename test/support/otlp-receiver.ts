/** A real HTTP server in the place of an OpenTelemetry collector. */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { listen } from './node-server.ts'

export interface Push {
  readonly path: string | undefined
  readonly method: string | undefined
  readonly headers: IncomingHttpHeaders
  /** Unpacked. */
  readonly body: string
}

export interface Receiver {
  readonly url: string
  /** All that came, in that order. */
  readonly pushes: readonly Push[]
}

type Answer = (response: ServerResponse, request: IncomingMessage) => void

/** Takes a push, and says so as the specification wants it. */
export const accept: Answer = (response) => response.setHeader('content-type', 'application/json').end('{}')

/** Runs for the rest of the test. */
export async function otlpReceiver(answer: Answer = accept): Promise<Receiver> {
  const pushes: Push[] = []
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const bytes = Buffer.concat(chunks)
    const body = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString()
    pushes.push({ path: request.url, method: request.method, headers: request.headers, body })
    answer(response, request)
  }
  const { url } = await listen((request, response) => {
    take(request as IncomingMessage, response as ServerResponse).catch(() => (response as ServerResponse).destroy())
  })
  return { url, pushes }
}
