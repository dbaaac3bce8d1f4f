import { codeOf, isTellable } from '../core/fact.ts'

/** One line about a request that was slow or failed. */
export interface RequestLine {
  readonly level: 'warn' | 'error'
  readonly event: 'http.request.slow' | 'http.request.failed'
  readonly service: string
  readonly method: string
  readonly route: string
  readonly status: number
  readonly duration_ms: number
  /** From the request's `traceparent`, when it has a valid one. */
  readonly trace_id?: string
  /** The class of what the handler threw; never its message, which may hold anything. */
  readonly error?: string
  readonly code?: string
  /** What the `fields` option gave, masked by name. */
  readonly [field: string]: unknown
}

/** Names whose values never reach a log, whatever the case and the separators they are written with. */
const MASKED: ReadonlySet<string> = new Set(
  'from to sender senderid recipient recipientid mobile tel name body text'.split(' '),
)

/** Words that give a name away wherever they stand in it: `customerPhone`, `x-api-key`, `momo_msisdn`. */
const TELLING = /phone|msisdn|whatsapp|waid|email|authorization|cookie|token|secret|password|apikey/

/** The business's own number at Meta, and not a person's. */
const HARMLESS = 'phonenumberid'

/** Deeper than this, a field is not worth its place in a log line. */
const DEEPEST = 4

/** A copy of `fields` in which the values of telling names are `***`, at every depth. */
export function maskFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return maskedObject(fields, 0)
}

function maskedObject(fields: object, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]: [string, unknown]) => [
      name,
      tells(name) ? '***' : masked(value, depth + 1),
    ]),
  )
}

function tells(name: string): boolean {
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
  return MASKED.has(plain) || (plain !== HARMLESS && TELLING.test(plain))
}

function masked(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth > DEEPEST) return '***'
  return Array.isArray(value) ? value.map((each) => masked(each, depth + 1)) : maskedObject(value, depth)
}

/** What a thrown value is called, and its code. */
export function errorFields(error: unknown): { readonly error?: string; readonly code?: string } {
  if (error === undefined) return {}
  const name = error instanceof Error ? error.name : typeof error
  return { error: isTellable(name) ? name : 'Error', ...codeOf(error) }
}

/** Version, trace, parent, flags; what later versions add stands behind. Version `ff` and ids of zeros are invalid. */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/

/** The trace id of a W3C `traceparent` header (https://www.w3.org/TR/trace-context/#traceparent-header). */
export function traceId(header: string | null | undefined): { readonly trace_id?: string } {
  const [, version, id, more] = TRACEPARENT.exec(header ?? '') ?? []
  return id === undefined || (version === '00' && more !== undefined) ? {} : { trace_id: id }
}
