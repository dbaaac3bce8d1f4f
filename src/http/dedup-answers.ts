import type { NoBody } from '../core/body.ts'
import type { Outcome } from './dedup-together.ts'

/** The answer to a delivery whose keys were claimed, or could not be. Throws what the handler threw, unchanged. */
export function answerOf(outcome: Outcome): Response {
  switch (outcome.status) {
    case 'answered':
      return outcome.response
    case 'duplicate':
      return json({ success: true, duplicate: true }, { headers: { 'x-duplicate': 'true' } })
    case 'busy':
      return busy(outcome.retryAfterMs)
    case 'threw':
      throw outcome.error
  }
}

/** Turns away a body that cannot be handed on. */
export function refused(error: NoBody): Response {
  return json({ success: false, error }, { status: STATUS[error] })
}

/** A body that was consumed is the service's own fault, and the sender has to come again. */
const STATUS: Readonly<Record<NoBody, number>> = { body_consumed: 500, body_too_large: 413, body_unreadable: 400 }

function busy(retryAfterMs: number): Response {
  const headers = { 'retry-after': `${Math.max(1, Math.ceil(retryAfterMs / 1_000))}` }
  return json({ success: false, error: 'busy' }, { status: 503, headers })
}

function json(
  body: object,
  init: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> },
): Response {
  return new Response(JSON.stringify(body), {
    ...init,
    headers: { 'content-type': 'application/json', ...init.headers },
  })
}
