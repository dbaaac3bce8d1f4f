/** What every `fetch` takes off a body, and leaves in its headers (https://fetch.spec.whatwg.org/#handle-content-codings). */
const TAKEN_OFF: ReadonlySet<string> = new Set(['gzip', 'x-gzip', 'deflate', 'br'])

/**
 * True for a response that `fetch` gave and has decoded: its `Content-Encoding` and `Content-Length` say what its body was,
 * and not what it is. Only `fetch` gives a response a URL.
 */
export function isDecoded({ url, headers }: Response): boolean {
  if (url === '') return false
  const codings = headers.get('content-encoding')
  return codings?.split(',').every((coding) => TAKEN_OFF.has(coding.trim().toLowerCase())) === true
}

/** Fields that are not true of a body that was decoded. */
export const OF_THE_CODED: readonly string[] = ['content-encoding', 'content-length']

/**
 * How many bytes the body is to have; `undefined` when the response does not say so, `NaN` when what it says cannot be read
 * (RFC 9110, section 8.6: the same number several times is that number).
 */
export function declaredLength(response: Response): number | undefined {
  const field = response.headers.get('content-length')
  if (field === null || response.body === null || isDecoded(response)) return undefined
  const [first = '', ...others] = field.split(',').map((part) => part.trim())
  return /^\d+$/.test(first) && others.every((other) => other === first) ? Number(first) : NaN
}
