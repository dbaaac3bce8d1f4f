import type { NoBody } from '../core/body.ts'

/** The answer to a delivery that was done before. */
export function duplicate(): Response {
  return json({ success: true, duplicate: true }, { headers: { 'x-duplicate': 'true' } })
}

/** The answer to a delivery that is to come again: others work on it, or there is no room, or no store. */
export function busy(retryAfterMs: number): Response {
  const headers = { 'retry-after': `${Math.max(1, Math.ceil(retryAfterMs / 1_000))}` }
  return json({ success: false, error: 'busy' }, { status: 503, headers })
}

/** Turns away a body that cannot be handed on. */
export function refused(error: Exclude<NoBody, 'body_shed'>): Response {
  return json({ success: false, error }, { status: STATUS[error] })
}

const STATUS = {
  // The service's own fault: the sender has to come again.
  body_consumed: 500,
  body_too_large: 413,
  body_unreadable: 400,
} as const

function json(
  body: object,
  init: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> },
): Response {
  return new Response(JSON.stringify(body), {
    ...init,
    headers: { 'content-type': 'application/json', ...init.headers },
  })
}
