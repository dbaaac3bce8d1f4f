import type { CacheRecord, CacheWrite, TagStamps } from '../core/cache-store.ts'

const ENTRY = /^1 E (\d+) (\d+) (\d+) (\[.*\])\n/
const STAMPS = /^1 (\d+) (\d+)$/

/** Reads what `cache-scripts.ts` describes; undefined for a deletion, nothing, and what another version wrote. */
export function recordOf(value: unknown, now: number): CacheRecord | undefined {
  const text = String(value)
  const [start, began, written, expires, head] = ENTRY.exec(text) ?? []
  const words = start && wordsOf(String(head))
  if (!words) return undefined
  const [version = '', ...tags] = words
  return {
    text: text.slice(start.length),
    version,
    tags,
    beganAt: Number(began),
    ageMs: Math.max(0, (now - Number(written)) / 1_000),
    leftMs: expires === '0' ? Infinity : (Number(expires) - now) / 1_000,
  }
}

/** Reads the stamps of a tag; undefined for none, and for those that another version wrote. */
export function stampsOf(value: unknown): TagStamps | undefined {
  const [stamps, gone, stale] = STAMPS.exec(String(value)) ?? []
  return stamps === undefined ? undefined : { goneAt: Number(gone), staleAt: Number(stale) }
}

/** What stands after the times of an entry. Never empty, and never JSON as a whole, which Upstash's client would parse. */
export const bodyOf = ({ version, tags, text }: CacheWrite): string => `${JSON.stringify([version, ...tags])}\n${text}`

function wordsOf(head: string): readonly string[] | undefined {
  try {
    const words = JSON.parse(head) as readonly unknown[]
    return words.map(String)
  } catch {
    return undefined
  }
}
