import { PerfError } from '../core/errors.ts'
import type { NodeResponseLike } from './node-types.ts'

/** Belong to one connection, which is not the handler's (RFC 9110, section 7.6.1); HTTP/2 knows none of them. */
const HOP_BY_HOP: ReadonlySet<string> = new Set(
  'connection keep-alive proxy-connection te trailer transfer-encoding upgrade'.split(' '),
)

/** Added to what stands there: a framework's own cookies, and what its answers depend on, hold for this one too. */
const ADDED: ReadonlySet<string> = new Set(['set-cookie', 'vary'])

/**
 * Writes status and fields, but no length: that is for who sees the body.
 *
 * @returns the length that the handler gave, if it gave one that can be
 * @throws PerfError `ERR_PERF_RESPONSE` for a status that none can be
 */
export function writeHead({ status, statusText, headers, url }: Response, res: NodeResponseLike): number | undefined {
  if (status < 200 || status > 599)
    throw new PerfError('ERR_PERF_RESPONSE', `an answer of status ${status} cannot be sent`)
  res.statusCode = status
  // HTTP/2 has no such text, and warns of it.
  if (statusText !== '' && res.stream === undefined) res.statusMessage = statusText
  // `fetch` has decompressed it: the fields still speak of what was sent.
  const isFetched = url !== ''
  let [length, named]: [string | undefined, string | undefined] = [undefined, undefined]
  headers.forEach((value, name) => {
    if (HOP_BY_HOP.has(name)) {
      if (name === 'connection') named = value
    } else if (name === 'content-length') length = value
    else if (ADDED.has(name)) res.appendHeader(name, value)
    else if (!isFetched || name !== 'content-encoding') res.setHeader(name, value)
  })
  if (named !== undefined) dropNamed(named, res)
  return isFetched ? undefined : lengthOf(length)
}

/** The fields that `Connection` names belong to that connection, too. */
function dropNamed(connection: string, res: NodeResponseLike): void {
  for (const name of connection.split(/[\s,]+/)) res.removeHeader(name)
}

/** Takes back what {@link writeHead} wrote: an error page must not be kept for an hour, or carry a cookie. */
export function takeBack({ headers }: Response, res: NodeResponseLike): void {
  headers.forEach((_, name) => res.removeHeader(name))
}

function lengthOf(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined
}

/** @throws PerfError `ERR_PERF_RESPONSE` */
export function wrongLength(said: number): never {
  throw new PerfError('ERR_PERF_RESPONSE', `an answer with content-length: ${said} has a body of another length`)
}
