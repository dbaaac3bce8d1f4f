import type { GaugeMerge } from '../core/metrics-port.ts'

/** What a metric is, as the isolates tell it to a store and to each other. */
export interface Shape {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly name: string
  readonly help: string
  /** Without the default labels, which are said with every series: not every service has the same. */
  readonly labels: readonly string[]
  /** Gauges only. */
  readonly merge?: GaugeMerge
  /** Histograms only. */
  readonly buckets?: readonly number[]
  /** Histograms only: they have sketches. */
  readonly sketch?: boolean
  /** It came out of the stats of a room, and was not defined in the registry. */
  readonly collected?: boolean
}

/**
 * Names a metric for a store: by all that decides what its numbers mean, and not by its help. While an old and a new
 * version of a service run side by side, the same name may have other buckets or labels there; their numbers never mix.
 */
export function metricKey({ name, help: _, ...shape }: Shape): string {
  return JSON.stringify([name, digest(JSON.stringify(shape))])
}

/** Names a series among those of its metric. */
export function seriesKey(defaultLabels: Readonly<Record<string, string>>, values: readonly string[]): string {
  const always = Object.entries(defaultLabels).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([always, values])
}

export interface SeriesLabels {
  readonly defaults: readonly (readonly [name: string, value: string])[]
  readonly values: readonly string[]
}

/** The labels of a series; undefined for text of another version. */
export function seriesLabels(key: string): SeriesLabels | undefined {
  const found = parsed(key)
  const [defaults, values] = (Array.isArray(found) ? found : []) as [SeriesLabels['defaults']?, SeriesLabels['values']?]
  return Array.isArray(defaults) && Array.isArray(values) ? { defaults, values } : undefined
}

/** What was told of a metric; undefined for text of another version. */
export function shapeOf(definition: string): Shape | undefined {
  const shape = parsed(definition) as Partial<Shape> | undefined
  const known = shape?.type === 'counter' || shape?.type === 'gauge' || shape?.type === 'histogram'
  return known && typeof shape.name === 'string' && Array.isArray(shape.labels) ? (shape as Shape) : undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) ?? undefined
  } catch {
    return undefined
  }
}

/** 53 bits of a text, in base 36; two shapes of one name that share them would be taken for one. */
function digest(text: string): string {
  let [low, high] = [0x811c9dc5, 0x41c6ce57]
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    low = Math.imul(low ^ code, 0x01000193)
    high = Math.imul(high ^ code ^ (low >>> 13), 0x9e3779b1)
  }
  return ((high >>> 11) * 2 ** 32 + (low >>> 0)).toString(36)
}
