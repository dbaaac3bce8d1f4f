import { wholeAtLeast } from '../core/check.ts'
import { OptionError } from '../core/errors.ts'
import { TEMPORALITIES, type Temporality } from './otlp-delta.ts'

/** What the caller said about where a push goes; what is missing is looked up in the environment. */
export interface TargetOptions {
  readonly endpoint?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
  readonly temporality?: Temporality
}

/** Where a push goes, and how. */
export interface Target {
  readonly url: string
  readonly headers: Headers
  readonly timeoutMs: number
  readonly gzip: boolean
  readonly temporality: Temporality
}

type Find = (name: string) => string | undefined

const PATH = '/v1/metrics'
const PREFIX = 'OTEL_EXPORTER_OTLP_'
const TEMPORALITY = `${PREFIX}METRICS_TEMPORALITY_PREFERENCE`

/**
 * Reads the options and, where they are silent, the variables of the specification; those for metrics alone go first.
 *
 * Source: https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 *
 * @throws OptionError `ERR_PERF_OPTION` for what is missing or wrong; no message holds a value
 */
export function targetOf(options: TargetOptions, find: Find): Target {
  const of = (name: string): string | undefined => find(`${PREFIX}METRICS_${name}`) ?? find(PREFIX + name)
  const timeoutMs = options.timeoutMs ?? Number(of('TIMEOUT') ?? 10_000)
  wholeAtLeast(1, `${PREFIX}TIMEOUT`, timeoutMs)
  const headers = headersOf(pairsOf(`${PREFIX}HEADERS`, of('HEADERS')), options.headers)
  const temporality = options.temporality ?? temporalityOf(find(TEMPORALITY))
  return { url: urlOf(options.endpoint, find), headers, timeoutMs, gzip: of('COMPRESSION') === 'gzip', temporality }
}

/** In any case of letters. What is none would fall silently between what was counted and what was meant. */
function temporalityOf(text = 'cumulative'): Temporality {
  const word = TEMPORALITIES.find((known) => known === text.trim().toLowerCase())
  if (word === undefined) throw new OptionError(`${TEMPORALITY} must be one of ${TEMPORALITIES.join(', ')}`)
  return word
}

function urlOf(endpoint: string | undefined, find: Find): string {
  const whole = find(`${PREFIX}METRICS_ENDPOINT`)
  if (endpoint === undefined && whole !== undefined) return parsed(`${PREFIX}METRICS_ENDPOINT`, whole).href
  const base = endpoint ?? find(`${PREFIX}ENDPOINT`)
  if (base === undefined)
    throw new OptionError(`endpoint is missing: give it, or set ${PREFIX}ENDPOINT, e.g. http://localhost:4318`)
  const url = parsed(endpoint === undefined ? `${PREFIX}ENDPOINT` : 'endpoint', base)
  const path = url.pathname.replace(/(?<!\/)\/+$/, '')
  url.pathname = path.endsWith(PATH) ? path : path + PATH
  return url.href
}

function parsed(name: string, text: unknown): URL {
  const wrong = (why: string): never => {
    throw new OptionError(`${name} ${why}`)
  }
  let url: URL
  try {
    url = new URL(text as string)
  } catch {
    return wrong('must be a URL')
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    wrong('must be a URL of http or https: there is no gRPC here')
  // `fetch` refuses them with an error that shows them.
  if (url.username !== '' || url.password !== '') wrong('must not hold a user or a password: send them in a header')
  return url
}

function headersOf(env: Readonly<Record<string, string>>, options: Readonly<Record<string, string>> = {}): Headers {
  try {
    const headers = new Headers(env)
    // Set, not spread: the same name may be written in another case.
    for (const [name, value] of Object.entries(options)) headers.set(name, value)
    headers.set('content-type', 'application/json')
    return headers
  } catch {
    // Not passed on: the platform's error shows the value.
    throw new OptionError('headers must be names and values that HTTP can carry')
  }
}

/**
 * `name=value,name=value` with values in percent-encoding.
 *
 * @throws OptionError `ERR_PERF_OPTION`: a push without the header that opens the door would only fail further out
 */
export function pairsOf(variable: string, text: string | undefined): Record<string, string> {
  const entries = (text ?? '').split(',').filter((pair) => pair.trim() !== '')
  const wrong = `${variable} must be a list of name=value, with values in percent-encoding`
  return Object.fromEntries(
    entries.map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1) throw new OptionError(wrong)
      try {
        return [decodeURIComponent(pair.slice(0, at).trim()), decodeURIComponent(pair.slice(at + 1).trim())] as const
      } catch {
        throw new OptionError(wrong)
      }
    }),
  )
}
