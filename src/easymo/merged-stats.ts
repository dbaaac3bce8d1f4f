type Stats = Readonly<Record<string, unknown>>

/** Shares of something cannot be added up, nor can ages. */
const GREATEST = new Set(['hitRate', 'oldestClientAgeMs', 'loadTimeMs', 'durationMs'])

/** The stats of the same room in several bundles, as one: numbers are added up, by the names of its parts. */
export function merged(all: readonly unknown[]): unknown {
  if (all.length === 1) return all[0]
  const whole: Record<string, unknown> = {}
  for (const stats of all as readonly Stats[])
    for (const [name, value] of Object.entries(stats)) whole[name] = together(name, whole[name], value)
  const { hits, misses } = whole
  if (typeof hits === 'number' && typeof misses === 'number')
    whole['hitRate'] = hits + misses === 0 ? 0 : hits / (hits + misses)
  return whole
}

function together(name: string, one: unknown, other: unknown): unknown {
  if (one === undefined) return other
  if (typeof one === 'number' && typeof other === 'number')
    return GREATEST.has(name) ? Math.max(one, other) : one + other
  if (typeof one === 'boolean' && typeof other === 'boolean') return one || other
  return typeof one === 'object' && typeof other === 'object' ? merged([one, other]) : other
}
