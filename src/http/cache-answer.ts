import { isUnmodified, notIn304 } from './cache-conditional.ts'
import { isDecoded, OF_THE_CODED } from './cache-encoding.ts'
import { ageOf, type StoredResponse } from './cache-entry.ts'

/** What `X-Cache` says of an answer that went through the cache. */
export type CacheWord = 'HIT' | 'MISS' | 'STALE'

/** Statuses that a `Response` can have no body with (https://fetch.spec.whatwg.org/#null-body-status). */
const WITHOUT_BODY: ReadonlySet<number> = new Set([101, 103, 204, 205, 304])

/** Answers with what is stored: whole, without its body for HEAD, or with 304 when the client has it already. */
export function fromStored(
  { method, headers: asked }: Request,
  stored: StoredResponse,
  { word, now }: { readonly word: CacheWord; readonly now: number },
): Response {
  const { status, statusText, body } = stored
  // No name comes twice: what came in several fields was joined, and cookies are never stored.
  const headers: Record<string, string> = Object.fromEntries(stored.headers)
  headers['age'] = String(Math.floor(ageOf(stored, now) / 1_000))
  headers['x-cache'] = word
  if (
    isUnmodified(asked, {
      status,
      etag: headers['etag'],
      lastModified: headers['last-modified'],
      date: headers['date'],
      now,
    })
  ) {
    const kept = Object.entries(headers).filter(([name]) => !notIn304(name))
    return new Response(null, { status: 304, headers: kept })
  }
  const bytes = method === 'HEAD' || WITHOUT_BODY.has(status) ? null : (body as Uint8Array<ArrayBuffer>)
  return new Response(bytes, { status, statusText, headers })
}

/** The value of a stored field; the name in lower case. */
export function fieldOf({ headers }: StoredResponse, name: string): string | undefined {
  return headers.find(([field]) => field === name)?.[1]
}

/** Fields to be set on a handler's answer, and its body when that was taken out of it. */
export interface Passing {
  readonly body: BodyInit | null
  readonly etag?: string | undefined
  /** The request fields that it was chosen by. */
  readonly vary: StoredResponse['vary']
}

/** What is needed to hand an answer on. */
export interface PassingOn {
  /** In epoch milliseconds. */
  readonly now: number
  readonly taken?: Passing
}

/** The handler's own answer, marked as a miss; as it is when it is none that could be marked. */
export function passed(request: Request, response: Response, { now, taken }: PassingOn): Response {
  // 101 is a switch of protocols, and 0 an error of fetch: neither can be made anew.
  if (!(response.status >= 200)) return response
  const { status, statusText } = response
  const headers = new Headers(response.headers)
  // Lost on the way: a response that is made anew has no URL by which others could tell.
  if (isDecoded(response)) for (const name of OF_THE_CODED) headers.delete(name)
  headers.set('x-cache', 'MISS')
  if (taken?.etag !== undefined) headers.set('etag', taken.etag)
  if (taken !== undefined && taken.vary.length > 0) headers.set('vary', taken.vary.map(([name]) => name).join(', '))
  const validators = { status, etag: headers.get('etag'), lastModified: headers.get('last-modified'), now }
  const body = taken === undefined ? response.body : taken.body
  if (isUnmodified(request.headers, validators)) {
    if (body instanceof ReadableStream) void body.cancel().catch(() => undefined)
    for (const name of [...headers.keys()]) if (notIn304(name)) headers.delete(name)
    return new Response(null, { status: 304, headers })
  }
  return new Response(WITHOUT_BODY.has(status) ? null : body, { status, statusText, headers })
}

/** What a client gets who wants only what is stored, when nothing is (RFC 9111, section 5.2.1.7). */
export function notStored(method: string): Response {
  return new Response(method === 'HEAD' ? null : 'Gateway Timeout\n', {
    status: 504,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', 'x-cache': 'MISS' },
  })
}
