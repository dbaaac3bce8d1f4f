/** One member of an `Accept` or `Accept-Encoding` header, in small letters. */
interface Member {
  readonly name: string
  readonly parameters: readonly string[]
  /** How much it is wanted: 0 is not at all. */
  readonly q: number
}

/** What is behind that many characters is not looked at; a browser sends about 150. */
const LONGEST_HEADER = 2_048

/** What stands between the separators; one inside of quotes separates nothing. */
const BETWEEN_COMMAS = /(?:[^,"]|"(?:[^"\\]|\\.)*"?)+/g
const BETWEEN_SEMICOLONS = /(?:[^;"]|"(?:[^"\\]|\\.)*"?)+/g

/** Parameters that choose between nothing: everything here is UTF-8, and no name needs to be escaped. */
const MEANS_NOTHING = /^(?:charset|escaping)=/

/**
 * Chooses the media type that an `Accept` header prefers: the one with the highest `q`, of equals the first that is
 * offered. The most specific range that fits a type decides about it; a range fits when the type has all of its
 * parameters (`charset` and `escaping` aside). A member that is not well-formed counts as not said, and so does what
 * stands behind the first 2048 characters.
 *
 * @param accept - the header; without one anything will do
 * @param offered - media types with their parameters, the favourite first
 * @returns one of `offered`, as it stands there; `undefined` when none of them is acceptable
 *
 * Source: https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1
 */
export function preferred(accept: string | null, offered: readonly string[]): string | undefined {
  const ranges = members(accept ?? '')
  if (ranges.length === 0) return offered[0]
  let best: string | undefined
  let most = 0
  for (const type of offered) {
    const q = wanted(type, ranges)
    if (q > most) {
      best = type
      most = q
    }
  }
  return best
}

/**
 * Whether an answer may be sent with `Content-Encoding: gzip`: when the header says so, by name or by `*`, and does not
 * name `identity` as what it would rather have. Without a header nothing is compressed.
 *
 * Source: https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3
 */
export function acceptsGzip(acceptEncoding: string | null): boolean {
  const codings = members(acceptEncoding ?? '')
  const q = (...names: readonly string[]): number | undefined => codings.find(({ name }) => names.includes(name))?.q
  const gzip = q('gzip', 'x-gzip') ?? q('*') ?? 0
  return gzip > 0 && gzip >= (q('identity') ?? 0)
}

/** How much a type is wanted: what the most specific of the ranges that fit says, and the kindest of equals. */
function wanted(offer: string, ranges: readonly Member[]): number {
  const { name, parameters } = memberOf(offer)
  const anyOfKind = `${name.slice(0, name.indexOf('/'))}/*`
  let q = 0
  let closest = -1
  for (const range of ranges) {
    const fits = range.parameters.every((parameter) => parameters.includes(parameter))
    const steps = ['*/*', anyOfKind, name].indexOf(range.name)
    // One step for each parameter: `a/b;c=d` is closer than `a/b`, and that is closer than `a/*`.
    const close = steps + range.parameters.length
    if (steps === -1 || !fits || close < closest) continue
    q = close > closest ? range.q : Math.max(q, range.q)
    closest = close
  }
  return q
}

function members(header: string): readonly Member[] {
  const all = header.slice(0, LONGEST_HEADER).toLowerCase().match(BETWEEN_COMMAS) ?? []
  // The last one may have been cut, and then say something else.
  if (header.length > LONGEST_HEADER) all.pop()
  return all.map(memberOf).filter(({ name, q }) => name !== '' && q >= 0 && q <= 1)
}

function memberOf(text: string): Member {
  const [name = '', ...rest] = (text.match(BETWEEN_SEMICOLONS) ?? []).map(withoutBlanks)
  const weight = rest.findIndex((parameter) => parameter.startsWith('q='))
  const parameters = weight === -1 ? rest : rest.slice(0, weight)
  return {
    name,
    parameters: parameters.filter((parameter) => parameter !== '' && !MEANS_NOTHING.test(parameter)),
    q: weight === -1 ? 1 : weightOf(rest[weight]?.slice(2) ?? ''),
  }
}

function weightOf(text: string): number {
  return /^(?:\d|\d?\.\d+|\d\.)$/.test(text) ? Number(text) : NaN
}

/** Trimmed; `a="b"` is the same parameter as `a=b`. */
function withoutBlanks(text: string): string {
  return text.trim().replace(/="([^"\\]*)"$/, '=$1')
}
