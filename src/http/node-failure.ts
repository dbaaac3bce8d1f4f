import { hasCode } from '../core/errors.ts'
import { codeOf } from '../core/fact.ts'
import type { Host } from '../core/host.ts'
import { isPromiseLike } from '../core/promise.ts'
import { takeBack } from './node-head.ts'
import type { Refusal } from './node-target.ts'
import type { NodeResponseLike } from './node-types.ts'

/** Who hears of what went wrong. */
export interface Failures {
  readonly host: Host
  readonly onError: (error: unknown, request: Request) => unknown
}

/** Tells what a request failed with. What its client broke off by going away is nobody's error, and a fact alone. */
export function tellFailure({ host, onError }: Failures, error: unknown, request: Request): void {
  const brokeOff = isAbort(error) && request.signal.aborted
  const reason = brokeOff ? 'client_gone' : hasCode(error, 'ERR_PERF_BODY_CONSUMED') ? 'body_consumed' : undefined
  host.observe({ name: 'http.failed', ...(reason !== undefined && { reason }), ...codeOf(error) })
  if (brokeOff) return
  try {
    const told = onError(error, request)
    if (isPromiseLike(told)) told.then(undefined, () => undefined)
  } catch {
    // Who is told of an error must not make another one of it.
  }
}

function isAbort(error: unknown): boolean {
  return (error as { name?: unknown } | null | undefined)?.name === 'AbortError'
}

/** Ends an answer that cannot be given. */
export function giveUp(res: NodeResponseLike, response: Response | undefined): void {
  if (res.writableEnded) return
  if (!res.headersSent) {
    if (response !== undefined) takeBack(response, res)
    return plain(res, 500)
  }
  // Once the head is out, only this can say that the body is not whole; in HTTP/2, an error has to come with it.
  if (res.stream === undefined) res.destroy()
  else res.destroy(new Error('the answer broke off'))
}

/** Answers a request that no handler is asked for. */
export function refuse(res: NodeResponseLike, { status, allow }: Refusal): void {
  if (allow !== undefined) res.setHeader('allow', allow)
  if (status === 204) {
    res.statusCode = status
    res.end()
  } else plain(res, status)
}

const TEXT = {
  400: 'Bad Request',
  421: 'Misdirected Request',
  500: 'Internal Server Error',
  501: 'Not Implemented',
} as const

function plain(res: NodeResponseLike, status: keyof typeof TEXT): void {
  res.statusCode = status
  if (res.stream === undefined) res.statusMessage = TEXT[status]
  res.setHeader('content-type', 'text/plain; charset=utf-8')
  res.end(`${TEXT[status]}\n`)
}
