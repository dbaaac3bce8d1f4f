import { PerfError } from '../core/errors.ts'

/** More about a push that was not taken. */
export interface ExportErrorOptions extends ErrorOptions {
  readonly status?: number
  readonly retryable: boolean
  readonly retryAfterMs?: number | undefined
}

/** A push of metrics was not taken. Holds nothing of what was sent or answered. */
export class ExportError extends PerfError {
  override readonly name: string = 'ExportError'
  /** What the endpoint answered; `undefined` when it could not be reached. */
  readonly status: number | undefined
  /** The same push may be taken later; the next one says everything that this one said. */
  readonly retryable: boolean
  /** So many milliseconds the endpoint wants to be left alone, if it said so. */
  readonly retryAfterMs: number | undefined

  constructor(message: string, { status, retryable, retryAfterMs, ...options }: ExportErrorOptions) {
    super('ERR_PERF_METRICS_EXPORT', message, options)
    this.status = status
    this.retryable = retryable
    this.retryAfterMs = retryAfterMs
  }
}

/** The specification's list (https://opentelemetry.io/docs/specs/otlp/#failures-1); all others are for good. */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504])
/** An answer is a few words; more is not read. In bytes. */
const LONGEST_ANSWER = 65_536

/**
 * Reads what the endpoint answered to a push.
 *
 * @returns how many points were refused although the push was taken
 * @throws ExportError `ERR_PERF_METRICS_EXPORT` when it was not taken
 */
export async function rejectedPoints(response: Response): Promise<number> {
  const { status } = response
  if (status >= 200 && status < 300) return rejectedIn(await textOf(response))
  // Not read, so that nothing of it can get into an error; given back, so that the connection can be used again.
  void response.body?.cancel().catch(() => undefined)
  // A redirect that is not followed has the status 0 in browsers.
  const what = status === 0 || (status >= 300 && status < 400) ? 'a redirect, which is not followed' : String(status)
  const retryable = RETRYABLE.has(status)
  const retryAfterMs = retryable ? waitOf(response.headers.get('retry-after')) : undefined
  throw new ExportError(`the OTLP endpoint answered ${what}`, { status, retryable, retryAfterMs })
}

/** Only the form in seconds: what a date means depends on whose clock is right. */
function waitOf(field: string | null): number | undefined {
  return field !== null && /^\d{1,9}$/.test(field.trim()) ? Number(field) * 1_000 : undefined
}

/** An answer that is no JSON (an empty one, or protobuf's) says nothing, and the push was taken all the same. */
function rejectedIn(text: string): number {
  try {
    const { partialSuccess } = JSON.parse(text) as { partialSuccess?: { rejectedDataPoints?: unknown } }
    const rejected = Number(partialSuccess?.rejectedDataPoints ?? 0)
    return rejected > 0 ? rejected : 0
  } catch {
    return 0
  }
}

async function textOf({ body }: Response): Promise<string> {
  if (body === null) return ''
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text
    size += value.byteLength
    if (size > LONGEST_ANSWER) {
      void reader.cancel().catch(() => undefined)
      return ''
    }
    text += decoder.decode(value, { stream: true })
  }
}
