import type { MetricsView, Source } from '../core/metrics-port.ts'

/** What one source said. */
export interface NamedStats {
  readonly name: string
  readonly stats: Readonly<Record<string, unknown>>
}

/** The stats of all sources of a kind; those that cannot be read are left out. */
export function readAll(metrics: MetricsView, kind: Source['kind']): NamedStats[] {
  return metrics
    .sources()
    .filter((source) => source.kind === kind)
    .flatMap((source) => {
      const stats = attempt(() => source.read())
      return typeof stats === 'object' && stats !== null ? [{ name: source.name, stats: { ...stats } }] : []
    })
}

/** The value, or `undefined` when it cannot be had. */
function attempt(read: () => unknown): unknown {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** A finite number, else 0. */
export function number(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0
}
