import { OptionError, PerfError } from './errors.ts'
import { isPromiseLike } from './promise.ts'

/** A fetch handler: what Deno, Bun, Workers and our `toNode` call. Further arguments are the platform's (`env`, `ctx`). */
export type Handler<Args extends readonly unknown[] = []> = (
  request: Request,
  ...args: Args
) => Response | Promise<Response>

/** Wraps a handler, and hands its further arguments on untouched. */
export type Middleware = <Args extends readonly unknown[]>(next: Handler<Args>) => Handler<Args>

/**
 * Refuses a handler where the options of a middleware are due.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function takesOptions(what: string, options: unknown): void {
  if (typeof options === 'function')
    throw new OptionError(`${what} takes options and gives a wrapper: write ${what}({ ... })(handler)`)
}

/**
 * Refuses anything but a function where a middleware is given what it wraps: Express calls it with a request.
 *
 * @param instead - what to write, where there is a better way than a wrapped handler
 * @throws PerfError `ERR_PERF_WRONG_CALL`
 */
export function takesHandler(what: string, next: unknown, instead?: string): void {
  if (typeof next === 'function') return
  const right =
    instead ?? `write ${what}({ ... })(handler), and behind node:http or Express toNode(${what}({ ... })(handler))`
  throw new PerfError('ERR_PERF_WRONG_CALL', `what ${what} gives wraps a fetch handler: ${right}`)
}

/**
 * Refuses anything but a fetch Request, such as what Node, Express, Fastify, Koa and Hono call their handlers with. At
 * once and not by a promise: Express 4 hears of no rejection.
 *
 * @throws PerfError `ERR_PERF_WRONG_CALL`
 */
export function takesRequest(what: string, request: unknown): void {
  if (isRequest(request)) return
  const message = `${what} gives a fetch handler, which was not called with a Request: ${insteadOf(request)}`
  throw new PerfError('ERR_PERF_WRONG_CALL', message)
}

/**
 * Refuses anything but a Response.
 *
 * @throws PerfError `ERR_PERF_RESPONSE`
 */
export function givesResponse(what: string, response: Response): Response {
  if (isResponse(response)) return response
  const given = typeof response === 'function' ? 'a function: is it a middleware that wraps no handler yet?' : 'none'
  throw new PerfError('ERR_PERF_RESPONSE', `the handler in ${what} must answer with a Response, and gave ${given}`)
}

/** A fetch handler that refuses wrong calls. */
export function fetchHandler<H extends (request: Request, ...args: never) => unknown>(what: string, handler: H): H {
  const checked = (request: Request, ...args: never): unknown => {
    takesRequest(what, request)
    return handler(request, ...args)
  }
  return checked as H
}

/** What a middleware wraps, and what it answers, both looked at. */
export function wrapped<Args extends readonly unknown[]>(what: string, next: Handler<Args>): Handler<Args> {
  takesHandler(what, next)
  return (request, ...args) => {
    const result = next(request, ...args)
    if (!isPromiseLike(result)) return givesResponse(what, result)
    return Promise.resolve(result).then((response) => givesResponse(what, response))
  }
}

/** By its shape where it is of another realm or another copy of undici. Node's headers have no methods. */
function isRequest(value: unknown): boolean {
  return value instanceof Request || hasFetchHeaders(value)
}

function isResponse(value: unknown): boolean {
  return value instanceof Response || (hasFetchHeaders(value) && 'status' in (value as object))
}

function hasFetchHeaders(value: unknown): boolean {
  return typeof (value as { headers?: { get?: unknown } } | null | undefined)?.headers?.get === 'function'
}

/** What to write, by what the frameworks hand to their handlers. */
function insteadOf(given: unknown): string {
  const { rawHeaders, raw, req, res } = (given ?? {}) as Readonly<Record<string, unknown>>
  if (rawHeaders !== undefined) return 'behind node:http or Express write toNode(handler)'
  if (isNode(raw)) return 'behind Fastify write (req, reply) => { reply.hijack(); toNode(handler)(req.raw, reply.raw) }'
  if (isNode(req) && res !== undefined)
    return 'behind Koa write (ctx) => { ctx.respond = false; toNode(handler)(ctx.req, ctx.res) }'
  if (isRequest((req as { raw?: unknown } | undefined)?.raw)) return 'behind Hono write (c) => handler(c.req.raw)'
  return 'its first argument must be one; behind node:http, Express, Fastify or Koa, toNode(handler) makes it'
}

function isNode(value: unknown): boolean {
  return (value as { rawHeaders?: unknown } | null | undefined)?.rawHeaders !== undefined
}
