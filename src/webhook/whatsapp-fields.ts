import type { Sent } from './whatsapp-types.ts'

/** How the fields of a WhatsApp delivery are read: whatever stands there, nothing throws. */

export function isSent(value: unknown): value is Sent {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The `timestamp` of an item, in epoch milliseconds. */
export function timeOf(item: Sent): number | undefined {
  return secondsToMs(item['timestamp'])
}

export function secondsToMs(seconds: unknown): number | undefined {
  const ms = typeof seconds === 'string' || typeof seconds === 'number' ? Number(seconds) * 1_000 : NaN
  return Number.isFinite(ms) && ms > 0 ? ms : undefined
}

/** One of several parts of a key: no part can hold what looks like the end of it. */
export function part(text: string): string {
  return text.includes(':') || text.includes('%') ? text.replaceAll('%', '%25').replaceAll(':', '%3A') : text
}

/** A value as JSON, the same for the same bytes received; undefined when it is nested deeper than the stack. */
export function written(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    // Parsed without recursion, but not written without it.
    return undefined
  }
}
