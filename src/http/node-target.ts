import type { IncomingFields } from './node-fields.ts'

/** What no handler is asked for, and what it is answered with. */
export interface Refusal {
  readonly status: 204 | 400 | 421 | 501
  readonly allow?: string
}

/** The request line, and what the connection and the options say of its origin. */
export interface RequestLine {
  readonly method: string
  readonly target: string
  readonly isEncrypted: boolean
  /** Of the options: whatever the client says, the URL has this one. */
  readonly origin: string | undefined
}

/** For `*`, which asks for the server and not for a resource: the methods that handlers are given. */
const ALLOW = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'

/** A `Host` as RFC 9110, section 7.2, and RFC 3986, section 3.2.2, write it; no user, no path. */
const HOST = /^(?:\[[\da-f:.]+\]|[\w.~!$&'()*+,;=%-]+)(?::\d*)?$/i
/** Path and query in ASCII; without what a URL would read as another path (`\`, `#`, blanks, which it drops). */
const PATH = /^\/[!-"$->@-[\]-~]*(?:\?[!-"$-~]*)?$/
const ABSOLUTE = /^(https?):\/\/([^/?#]+)(.*)$/i

/**
 * The address of a request by RFC 9112, section 3.2, and RFC 9113, section 8.3.1, or why it has none. A client can choose
 * the host that a handler sees, unless `origin` is set, but no path, scheme or user by way of the host.
 */
export function addressOf(line: RequestLine, fields: IncomingFields): string | Refusal {
  const { method, target, isEncrypted, origin } = line
  const host = hostOf(fields)
  if (host === undefined) return BAD
  // What a web request cannot have, and none of the handlers could be asked for.
  if (method === 'TRACE' || method === 'TRACK' || method === 'CONNECT') return { status: 501 }
  if (target === '*') return method === 'OPTIONS' ? { status: 204, allow: ALLOW } : BAD
  if (target.startsWith('/'))
    return PATH.test(target) ? `${origin ?? `${isEncrypted ? 'https' : 'http'}://${host}`}${target}` : BAD
  return absolute(line)
}

/** What comes as a whole URL: it says the host, whatever `Host` says (RFC 9112, section 3.2.2). */
function absolute({ target, isEncrypted, origin }: RequestLine): string | Refusal {
  const [, scheme = '', authority = '', rest = ''] = ABSOLUTE.exec(target) ?? []
  const path = rest.startsWith('/') ? rest : `/${rest}`
  if (!HOST.test(authority) || !PATH.test(path)) return BAD
  if (origin !== undefined) return `${origin}${path}`
  // RFC 9110, section 7.4: what is asked for over TLS must not be given without.
  if (scheme.toLowerCase() === 'https' && !isEncrypted) return { status: 421 }
  return `${scheme}://${authority}${path}`
}

/** The host that is asked for; `localhost` for one who names none; undefined for what must be refused. */
function hostOf({ host, hosts, authority, isHttp2 }: IncomingFields): string | undefined {
  if (hosts > 1) return undefined
  const named = authority ?? host
  if (isHttp2 && host !== undefined && host.toLowerCase() !== named?.toLowerCase()) return undefined
  // HTTP/1.0 has no Host, and an empty one is for addresses without a host (RFC 9110, section 7.2). In HTTP/2 one is due.
  if (named === undefined || named === '') return isHttp2 ? undefined : 'localhost'
  return HOST.test(named) ? named : undefined
}

const BAD: Refusal = { status: 400 }
