import { hasMethods, isFunction, isText, knownOptions } from '../core/check.ts'
import { OptionError } from '../core/errors.ts'
import { codeOf } from '../core/fact.ts'
import type { Handler } from '../core/handler.ts'
import { defaultHost, type Host } from '../core/host.ts'
import { webRequest, type WebRequest } from './node-request.ts'
import { writeResponse } from './node-response.ts'
import type { NodeRequestLike, NodeResponseLike } from './node-types.ts'

/** What the handler is given beside the request, and which origin its URL has. */
export interface ToNodeOptions<Args extends readonly unknown[] = []> {
  /** The further arguments of the handler, e.g. `() => [process.env]`. @defaultValue none */
  readonly args?: (req: NodeRequestLike, res: NodeResponseLike) => Args
  /** Scheme and host of `request.url`, e.g. `https://example.com` behind a proxy. @defaultValue what the client sent */
  readonly origin?: string
  readonly host?: Host
}

/** What `http.createServer` takes. */
export type NodeListener = (req: NodeRequestLike, res: NodeResponseLike) => void

/**
 * Makes a listener for `node:http` out of a fetch handler.
 *
 * The body is streamed, never collected, in both directions; a slow reader slows the sender. `request.signal` aborts when
 * the client goes away. A handler that throws is answered with 500 and told as the fact `http.failed`; a request that no
 * web request can stand for (a bad `Host`, the method TRACE) with 400.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function toNode(handler: Handler, options?: ToNodeOptions): NodeListener
// `| []` makes TypeScript take what `args` returns for a tuple.
export function toNode<Args extends readonly unknown[] | []>(
  handler: Handler<Args>,
  options: ToNodeOptions<Args> & Required<Pick<ToNodeOptions<Args>, 'args'>>,
): NodeListener
export function toNode(handler: Handler<unknown[]>, options: ToNodeOptions<unknown[]> = {}): NodeListener {
  const { args, origin, host = defaultHost } = options
  knownOptions(options, 'args', 'origin', 'host')
  isFunction('handler', handler)
  isFunction('args', args, 'optional')
  if (origin !== undefined) isOrigin(origin)
  hasMethods('host', host, 'observe')

  async function answer({ request, body }: WebRequest, req: NodeRequestLike, res: NodeResponseLike): Promise<void> {
    try {
      const response = await (args === undefined ? handler(request) : handler(request, ...args(req, res)))
      await writeResponse(response, res, req.method !== 'HEAD')
    } catch (error) {
      host.observe({ name: 'http.failed', ...codeOf(error) })
      // Once the head is out, only breaking the connection can say that the body is not whole.
      if (res.headersSent) res.destroy()
      else plain(res, 500, 'Internal Server Error')
    }
    body?.drop()
  }

  return (req, res) => {
    let request: WebRequest
    try {
      request = webRequest(req, res, origin)
    } catch {
      return plain(res, 400, 'Bad Request')
    }
    void answer(request, req, res)
  }
}

/** With a path, or without a scheme, it would spoil the URL of every request. */
function isOrigin(origin: unknown): void {
  isText('origin', origin)
  if (!/^https?:\/\/[^/?#@\s]+$/i.test(String(origin)) || !URL.canParse(String(origin)))
    throw new OptionError('origin must be a scheme and a host, such as https://example.com, and no more')
}

function plain(res: NodeResponseLike, status: number, text: string): void {
  res.statusCode = status
  res.statusMessage = text
  res.setHeader('content-type', 'text/plain; charset=utf-8')
  res.end(`${text}\n`)
}
