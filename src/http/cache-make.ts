import { httpDate } from './cache-date.ts'
import { isDecoded } from './cache-encoding.ts'
import type { StoredResponse } from './cache-entry.ts'
import { hex, sha256 } from './cache-key.ts'
import type { Exchange, Policy } from './cache-policy.ts'
import { varyNames, varyOf } from './cache-vary.ts'

/** Belongs to one connection (RFC 9110, section 7.6.1), or is written anew for each answer. */
const NOT_STORED: ReadonlySet<string> = new Set(
  'connection keep-alive proxy-authenticate proxy-authentication-info proxy-authorization proxy-connection te trailer transfer-encoding upgrade age content-length etag vary x-cache'.split(
    ' ',
  ),
)

/** All of an entry but its bytes and what follows from them. Made while request and response are still at hand. */
export type Draft = Omit<StoredResponse, 'body'>

/** @param varyBy - request fields that the response depends on, beside those that it names itself */
export function draftOf(
  { request, response }: { readonly request: Request; readonly response: Response },
  { vary, ...times }: Policy,
  { answeredAt, varyBy, tags }: Exchange & Pick<StoredResponse, 'tags'> & { readonly varyBy: readonly string[] },
): Draft {
  const { status, statusText, headers } = response
  const list: [string, string][] = []
  const named = [...(varyNames(headers.get('connection')) ?? []), ...(isDecoded(response) ? ['content-encoding'] : [])]
  headers.forEach((value, name) => {
    if (!NOT_STORED.has(name) && !named.includes(name)) list.push([name, value])
  })
  const fields = varyOf(request.headers, [...varyBy, ...vary])
  if (fields.length > 0) list.push(['vary', fields.map(([name]) => name).join(', ')])
  // RFC 9110, section 6.6.1: who keeps a response without a date dates it.
  if (!headers.has('date')) list.push(['date', httpDate(answeredAt)])
  const etag = headers.get('etag')
  if (etag !== null) list.push(['etag', etag])
  return { status, statusText, headers: list, vary: fields, tags, storedAt: answeredAt, ...times }
}

/** Adds the bytes, their length, and an `ETag` made of them when the handler gave none. */
export async function storedOf(draft: Draft, body: Uint8Array): Promise<StoredResponse> {
  const headers = [...draft.headers]
  if (draft.status !== 204) headers.push(['content-length', String(body.byteLength)])
  const etag = draft.status === 200 && !headers.some(([name]) => name === 'etag') ? await tagOf(body) : undefined
  if (etag !== undefined) headers.push(['etag', etag])
  return { ...draft, headers, body }
}

/** A strong tag: the first half of the SHA-256 of the bytes. */
async function tagOf(body: Uint8Array): Promise<string | undefined> {
  try {
    return `"${hex((await sha256(body)).subarray(0, 16))}"`
  } catch {
    // A page that is not served over HTTPS has no `crypto.subtle`.
    return undefined
  }
}
