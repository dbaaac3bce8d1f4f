import { LazyAbort } from '../core/deadline.ts'
import { nodeBody, type NodeBody } from './node-body.ts'
import type { NodeRequestLike, NodeResponseLike } from './node-types.ts'

/** A web request over a Node request, and its body when it has one. */
export interface WebRequest {
  readonly request: Request
  readonly body: NodeBody | undefined
}

/**
 * Makes the web request that a handler gets.
 *
 * @param origin - e.g. `https://example.com`, for services behind a proxy; by default what the client sent as `Host`
 * @throws TypeError for a host or a method that a web request cannot have
 */
export function webRequest(req: NodeRequestLike, res: NodeResponseLike, origin: string | undefined): WebRequest {
  const { method = 'GET', url = '/' } = req
  const { headers, host, hasBody } = headersOf(req.rawHeaders)
  const body = hasBody && method !== 'GET' && method !== 'HEAD' ? nodeBody(req) : undefined
  const href = url.startsWith('/') ? `${origin ?? ownOrigin(req, host)}${url}` : url
  const init: RequestInit & { duplex?: 'half' } = { method, headers }
  if (body !== undefined) {
    init.body = body.stream
    init.duplex = 'half'
  }
  const request = new Request(href, init)
  // Made when it is first read: a signal costs as much as the rest of a small request.
  Object.defineProperty(request, 'signal', { configurable: true, get: signalOf(res) })
  return { request, body }
}

function ownOrigin({ socket }: NodeRequestLike, host: string): string {
  return `${'encrypted' in socket && socket.encrypted === true ? 'https' : 'http'}://${host}`
}

interface IncomingHeaders {
  readonly headers: [name: string, value: string][]
  readonly host: string
  readonly hasBody: boolean
}

function headersOf(raw: readonly string[]): IncomingHeaders {
  const headers: [string, string][] = []
  let host = 'localhost'
  let hasBody = false
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? ''
    const value = raw[index + 1] ?? ''
    // HTTP/2 puts the request line among the headers, as names that begin with a colon.
    if (name.startsWith(':')) continue
    headers.push([name, value])
    const lower = name.toLowerCase()
    if (lower === 'host') host = value
    else if (lower === 'transfer-encoding' || (lower === 'content-length' && value !== '0')) hasBody = true
  }
  return { headers, host, hasBody }
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
      if (res.destroyed) gone()
      else res.on('close', gone)
      abort = own
    }
    return abort.signal
  }
}
