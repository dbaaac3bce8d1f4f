import type { NodeRequestLike } from './node-types.ts'

/** The header fields of a Node request, and what they say about its address and its body. */
export interface IncomingFields {
  readonly headers: [name: string, value: string][]
  /** The first `Host`, and how many there are. */
  readonly host: string | undefined
  readonly hosts: number
  /** HTTP/2 alone: the pseudo-field, which is asked before `Host`. */
  readonly authority: string | undefined
  readonly isHttp2: boolean
  /** Whether a body is announced by a field: in HTTP/1 there is no other way (RFC 9112, section 6.3). */
  readonly announcesBody: boolean
}

/** @param raw - names and values in turns, as they came */
export function fieldsOf(raw: readonly string[]): IncomingFields {
  const headers: [string, string][] = []
  let [host, hosts, authority]: [string | undefined, number, string | undefined] = [undefined, 0, undefined]
  let [isHttp2, announcesBody] = [false, false]
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? ''
    const value = raw[index + 1] ?? ''
    // HTTP/2 puts the request line among the headers, as names that begin with a colon.
    if (name.startsWith(':')) {
      isHttp2 = true
      if (name === ':authority') authority = value
      continue
    }
    headers.push([name, value])
    const lower = name.toLowerCase()
    if (lower === 'host') {
      host ??= value
      hosts += 1
    } else if (lower === 'transfer-encoding' || (lower === 'content-length' && value !== '0')) announcesBody = true
  }
  return { headers, host, hosts, authority, isHttp2, announcesBody }
}

/** Names and values in turns, of what has been put together by name. */
export function rawOf(headers: NodeRequestLike['headers'] = {}): string[] {
  return Object.entries(headers).flatMap(([name, values = []]) => [values].flat().flatMap((value) => [name, value]))
}
