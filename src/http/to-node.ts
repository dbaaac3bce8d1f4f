import { hasMethods, isFunction, isText, knownOptions } from '../core/check.ts'
import { OptionError, PerfError } from '../core/errors.ts'
import { givesResponse, type Handler } from '../core/handler.ts'
import { defaultHost, type Host } from '../core/host.ts'
import { giveUp, refuse, tellFailure } from './node-failure.ts'
import { webRequest, type WebRequest, type WebRequestOptions } from './node-request.ts'
import { writeResponse } from './node-response.ts'
import type { NodeRequestLike, NodeResponseLike } from './node-types.ts'

/** What the handler is given beside the request, which origin its URL has, and who hears of what went wrong. */
export interface ToNodeOptions<Args extends readonly unknown[] = []> {
  /** The further arguments of the handler, e.g. `() => [process.env]`. @defaultValue none */
  readonly args?: (req: NodeRequestLike, res: NodeResponseLike) => Args
  /** Scheme and host of `request.url`, e.g. `https://example.com` behind a proxy. @defaultValue what the client sent */
  readonly origin?: string
  /**
   * Is given what the handler threw, and why its request or its answer could not be handed on; what it throws is dropped.
   * Not told: what comes of a client that went away. @defaultValue `console.error`
   */
  readonly onError?: (error: unknown, request: Request) => unknown
  readonly host?: Host
}

/** What `http.createServer` and `http2.createServer` take, and Express for a route. What it returns never rejects. */
export type NodeListener = (req: NodeRequestLike, res: NodeResponseLike) => void

/**
 * Makes a listener for `node:http`, `node:http2`, Express and their like out of a fetch handler.
 *
 * The body is streamed, never collected, in both directions; a slow reader slows the sender. Where a body parser has read
 * it before, `req.rawBody` or a `req.body` of bytes is taken for it; when the bytes are lost, a handler that reads them is
 * answered for with 500. `request.signal` aborts when the client goes away.
 *
 * `request.url` is what the client asks for by RFC 9112, section 3.2, and RFC 9113, section 8.3.1. A wrong `Host`, two of
 * them, or a target that is none are answered with 400, TRACE with 501, `OPTIONS *` with 204 and `Allow`.
 *
 * Fields that belong to one connection are dropped from the answer (RFC 9110, section 7.6.1), and its length is counted;
 * of what `fetch` gave, `content-encoding` and `content-length` are dropped, because its body is decompressed. A handler
 * that throws, gives no Response, or one with a length that is not its body's, is answered for with 500, told to `onError`
 * and as the fact `http.failed`; once the head is out, the connection is broken instead.
 *
 * @example
 * createServer(toNode(webhook)).listen(3000)
 * @throws OptionError `ERR_PERF_OPTION`; the listener throws `ERR_PERF_WRONG_CALL` when Node's request is not given to it
 */
export function toNode(handler: Handler, options?: ToNodeOptions): NodeListener
// `| []` makes TypeScript take what `args` returns for a tuple.
export function toNode<Args extends readonly unknown[] | []>(
  handler: Handler<Args>,
  options: ToNodeOptions<Args> & Required<Pick<ToNodeOptions<Args>, 'args'>>,
): NodeListener
export function toNode(handler: Handler<unknown[]>, options: ToNodeOptions<unknown[]> = {}): NodeListener {
  const { args, origin, onError = print, host = defaultHost } = options
  knownOptions(options, 'args', 'origin', 'onError', 'host')
  isFunction('handler', handler)
  isFunction('args', args, 'optional')
  isFunction('onError', onError)
  if (origin !== undefined) isOrigin(origin)
  hasMethods('host', host, 'observe')

  const failures = { host, onError }
  const asked: WebRequestOptions = { origin, onConsumed: (error, request) => tellFailure(failures, error, request) }
  return (req, res) => {
    takesNode(req, res)
    const web = webRequest(req, res, asked)
    if ('status' in web) return refuse(res, web)
    // The type says that there is nothing to wait for, as frameworks want it; Next waits all the same.
    return answer(web, req, res) as unknown as undefined
  }

  async function ask(request: Request, req: NodeRequestLike, res: NodeResponseLike): Promise<Response> {
    return givesResponse('toNode', await (args === undefined ? handler(request) : handler(request, ...args(req, res))))
  }

  async function answer(web: WebRequest, req: NodeRequestLike, res: NodeResponseLike): Promise<void> {
    let response: Response | undefined
    try {
      response = await ask(web.request, req, res)
      // Also when the handler has caught it: what was answered without the body is no answer to this request.
      if (web.consumed !== undefined) throw web.consumed
      await writeResponse(response, res, req.method === 'HEAD')
    } catch (error) {
      // Told already, when it was read.
      if (web.consumed === undefined) tellFailure(failures, error, web.request)
      giveUp(res, response)
    }
    web.body?.drop()
  }
}

/** With a path, or without a scheme, it would spoil the URL of every request. */
function isOrigin(origin: unknown): void {
  isText('origin', origin)
  if (!/^https?:\/\/[^/?#@\s]+$/i.test(String(origin)) || !URL.canParse(String(origin)))
    throw new OptionError('origin must be a scheme and a host, such as https://example.com, and no more')
}

/** At once: what comes later, in a promise, Express 4 and `node:http` do not hear. */
function takesNode(req: unknown, res: unknown): void {
  const { rawHeaders } = (req ?? {}) as Partial<NodeRequestLike>
  if (Array.isArray(rawHeaders) && typeof (res as NodeResponseLike | undefined)?.setHeader === 'function') return
  const right =
    'on Deno, Bun and Workers give them the handler itself, behind Fastify write ' +
    '(req, reply) => { reply.hijack(); toNode(handler)(req.raw, reply.raw) }, ' +
    'behind Koa (ctx) => { ctx.respond = false; toNode(handler)(ctx.req, ctx.res) }, in Hono (c) => handler(c.req.raw)'
  throw new PerfError('ERR_PERF_WRONG_CALL', `toNode gives a listener for requests of node:http: ${right}`)
}

function print(error: unknown): void {
  console.error(error)
}
