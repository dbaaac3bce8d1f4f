import { rules, type Verdict } from './judge.ts'

const SHOWN = 20
const WIDTH = 56

/** A verdict, to be read by people: what happened, and how often each rule was broken. */
export function printed({ violations, counts }: Verdict): string {
  const broken = rules.map((rule) => [rule, violations.filter((violation) => violation.rule === rule).length] as const)
  const lines = [...Object.entries(counts), ...broken, ['violations', violations.length] as const]
  const shown = violations.slice(0, SHOWN).map(({ rule, id }) => `BROKEN ${id}: ${rule}`)
  const more = violations.length > SHOWN ? [`and ${violations.length - SHOWN} more`] : []
  return [...lines.map(([name, count]) => lineOf(name, count)), ...shown, ...more].join('\n')
}

export const lineOf = (name: string, count: number | string): string =>
  `${name.padEnd(WIDTH)} ${String(count).padStart(7)}`
