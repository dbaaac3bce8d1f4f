import type { Verdict } from './judge.ts'

const SHOWN = 20

/** A verdict, to be read by people. */
export function printed({ violations, counts }: Verdict): string {
  const lines = Object.entries(counts).map(([name, count]) => `${name.padEnd(18)} ${String(count).padStart(7)}`)
  const broken = violations.slice(0, SHOWN).map(({ rule, id }) => `BROKEN ${id}: ${rule}`)
  const more = violations.length > SHOWN ? [`and ${violations.length - SHOWN} more`] : []
  return [...lines, `violations         ${String(violations.length).padStart(7)}`, ...broken, ...more].join('\n')
}
