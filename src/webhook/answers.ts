import type { EachResult } from '../core/updates.ts'
import type { Rejection } from './provider.ts'

/** What came of a whole delivery. */
export type Outcome =
  | { readonly status: 'done' }
  | { readonly status: 'duplicate' }
  | { readonly status: 'failed' }
  | { readonly status: 'busy'; readonly retryAfterMs: number }

/**
 * Sums up: a failure makes the provider resend, work elsewhere makes it come back, the rest is done. A word that this
 * version does not know is a failure: a runner may be the user's own.
 */
export function outcomeOf(results: readonly EachResult<unknown>[], unkeyedFailed: boolean): Outcome {
  let retryAfterMs = 0
  let busy = false
  let failed = unkeyedFailed
  let duplicates = 0
  for (const result of results) {
    if (result.status === 'in-progress') {
      busy = true
      retryAfterMs = Math.max(retryAfterMs, result.retryAfterMs)
    } else if (isKnown(result)) duplicates += 1
    else if (result.status !== 'done' && result.status !== 'dead') failed = true
  }
  if (failed) return { status: 'failed' }
  if (busy) return { status: 'busy', retryAfterMs }
  return results.length > 0 && duplicates === results.length ? { status: 'duplicate' } : { status: 'done' }
}

/** Ended before this delivery; one that is parked now carries the error that it was parked for. */
function isKnown(result: EachResult<unknown>): boolean {
  return result.status === 'duplicate' || (result.status === 'dead' && !('error' in result))
}

const STATUS: Readonly<Record<Rejection, number>> = {
  bad_json: 400,
  // The sender did all right: he has to come again once the service is mended.
  body_consumed: 500,
  body_too_large: 413,
  body_unreadable: 400,
  malformed_signature: 401,
  method: 405,
  missing_signature: 401,
  no_secret: 401,
  not_a_delivery: 400,
  refused: 401,
  wrong_signature: 401,
  wrong_verify_token: 403,
}

/** What a provider said of a request: nothing, if it may come in; a word that is not ours is `refused` all the same. */
export function verdictOf(said: unknown): Rejection | undefined {
  if (said === undefined) return undefined
  return typeof said === 'string' && Object.hasOwn(STATUS, said) ? (said as Rejection) : 'refused'
}

/** Turns a request away. Nothing was claimed. */
export function rejected(reason: Rejection, allow?: string): Response {
  const headers = allow === undefined ? JSON_HEADERS : { ...JSON_HEADERS, allow }
  return new Response(`{"success":false,"error":"${reason}"}`, { status: STATUS[reason], headers })
}

/** Answers a delivery that was let in. */
export function answered(outcome: Outcome): Response {
  switch (outcome.status) {
    case 'done':
      return new Response('{"success":true}', OK)
    case 'duplicate':
      return new Response('{"success":true,"duplicate":true}', OK)
    case 'failed':
      return new Response('{"success":false,"error":"failed"}', { status: 500, headers: JSON_HEADERS })
    case 'busy':
      return new Response('{"success":false,"error":"busy"}', {
        status: 503,
        headers: { ...JSON_HEADERS, 'retry-after': `${Math.max(1, Math.ceil(outcome.retryAfterMs / 1_000))}` },
      })
  }
}

const JSON_HEADERS = { 'content-type': 'application/json' } as const
const OK = { headers: JSON_HEADERS } as const
