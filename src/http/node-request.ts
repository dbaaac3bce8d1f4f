import { LazyAbort } from '../core/deadline.ts'
import type { PerfError } from '../core/errors.ts'
import { nodeBody, type NodeBody } from './node-body.ts'
import { fieldsOf, rawOf, type IncomingFields } from './node-fields.ts'
import { consumedBody, fieldsOfParsed, parsedBody } from './node-parsed-body.ts'
import { addressOf, type Refusal } from './node-target.ts'
import { isGone, type NodeRequestLike, type NodeResponseLike } from './node-types.ts'

/** A web request over a Node request, and its body when that comes from the socket. */
export interface WebRequest {
  readonly request: Request
  readonly body: NodeBody | undefined
  /** Set when the handler has read a body that somebody in front of us had read already. */
  consumed?: PerfError
}

export interface WebRequestOptions {
  /** E.g. `https://example.com`, for services behind a proxy; by default what the client asked for. */
  readonly origin: string | undefined
  /** Is told when the handler reads a body that is lost. */
  readonly onConsumed: (error: PerfError, request: Request) => void
}

/** Makes the web request that a handler gets, or says what it is answered with when there is none. */
export function webRequest(
  req: NodeRequestLike,
  res: NodeResponseLike,
  { origin, onConsumed }: WebRequestOptions,
): WebRequest | Refusal {
  const { method = 'GET', url: target = '/', socket } = req
  const fields = fieldsOf(req.rawHeaders.length > 0 ? req.rawHeaders : rawOf(req.headers))
  const isEncrypted = 'encrypted' in socket && socket.encrypted === true
  const address = addressOf({ method, target, isEncrypted, origin }, fields)
  if (typeof address !== 'string') return address
  try {
    const web = assembled(req, { address, fields, onConsumed })
    // Methods are written in capitals, and a web request does so by itself (RFC 9110, section 9.1).
    if (fields.isHttp2 && web.request.method !== method) return { status: 501 }
    // Made when it is first read: a signal costs as much as the rest of a small request.
    Object.defineProperty(web.request, 'signal', { configurable: true, get: signalOf(res) })
    return web
  } catch {
    return { status: 400 }
  }
}

interface Parts extends Pick<WebRequestOptions, 'onConsumed'> {
  readonly address: string
  readonly fields: IncomingFields
}

function assembled(req: NodeRequestLike, { address, fields, onConsumed }: Parts): WebRequest {
  const { method = 'GET' } = req
  const { headers, host, authority } = fields
  // What asks for the host, asks for this one: so it is in HTTP/1 (RFC 9113, section 8.3.1).
  if (host === undefined && authority !== undefined) headers.push(['host', authority])
  if (method === 'GET' || method === 'HEAD' || !hasBody(req, fields))
    return { request: new Request(address, { method, headers }), body: undefined }
  const bytes = parsedBody(req)
  if (bytes === undefined) {
    const body = nodeBody(req)
    return { request: new Request(address, streamed(method, headers, body.stream)), body }
  }
  if (bytes !== 'consumed') {
    const init = { method, headers: fieldsOfParsed(headers, bytes), body: bytes }
    return { request: new Request(address, init), body: undefined }
  }
  const stream = consumedBody((error) => {
    web.consumed = error
    onConsumed(error, web.request)
  })
  const web: WebRequest = { request: new Request(address, streamed(method, headers, stream)), body: undefined }
  return web
}

type Streamed = RequestInit & { readonly duplex: 'half' }

function streamed(method: string, headers: [string, string][], body: ReadableStream<Uint8Array>): Streamed {
  return { method, headers, body, duplex: 'half' }
}

function hasBody({ stream }: NodeRequestLike, { isHttp2, announcesBody }: IncomingFields): boolean {
  // HTTP/2 frames a body by itself, and needs no length for it (RFC 9113, section 8.1).
  return isHttp2 ? (stream as { endAfterHeaders?: boolean } | undefined)?.endAfterHeaders === false : announcesBody
}

/** Aborts when the connection is closed before the answer was sent in full. */
function signalOf(res: NodeResponseLike): () => AbortSignal {
  let abort: LazyAbort | undefined
  return () => {
    if (abort === undefined) {
      const own = new LazyAbort()
      const gone = (): void => {
        if (!res.writableFinished) own.abort(new DOMException('The client went away', 'AbortError'))
      }
      if (isGone(res)) gone()
      else res.on('close', gone)
      abort = own
    }
    return abort.signal
  }
}
