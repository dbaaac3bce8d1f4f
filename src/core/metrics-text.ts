import type { Family, FamilyOf, MetricsView, Sample } from './metrics-port.ts'
import { readSamples } from './metrics-samples.ts'

/** The content type that belongs to {@link prometheusText}. */
export const PROMETHEUS_TEXT = 'text/plain; version=0.0.4; charset=utf-8'

/** What stands above the samples of a family. */
export type FamilyHead = Pick<Family, 'name' | 'help' | 'type'>

/** In what one text format differs from another. */
interface TextFormat {
  /** Gives what writes the lines above the samples of a family, when all families are known. */
  heads(families: readonly FamilyHead[]): (family: FamilyHead) => string
  /** Whether a sum that values below 0 have made fall is shown. */
  readonly sumMayFall: boolean
}

/**
 * Writes all metrics in Prometheus' text format 0.0.4; metrics without a series are left out.
 *
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function prometheusText(metrics: MetricsView): string {
  return metricsText(metrics, { heads: () => head, sumMayFall: true })
}

/** Writes all metrics in one of the text formats: first those of the registry, then what was collected. */
export function metricsText(metrics: MetricsView, format: TextFormat): string {
  // First, because a source that cannot be read is counted in a metric of this very scrape.
  const samples = readSamples(metrics)
  const families = [...metrics.families()]
  const collected = Array.from(samples.values(), ([first]) => first).filter((first) => first !== undefined)
  const headOf = format.heads([...families, ...collected])
  const always = labelText(Object.entries(metrics.defaultLabels))
  let text = ''
  for (const family of families) {
    const body = family.type === 'histogram' ? histogramText(family, always, format) : valuesText(family, always)
    if (body !== '') text += `${headOf(family)}${body}\n`
  }
  for (const [name, group] of samples)
    for (const [index, { labels, value, ...family }] of group.entries()) {
      const own = joined(always, labelText(labels))
      text += `${index === 0 ? headOf(family) : ''}\n${name}${braces(own)} ${numberText(value)}`
      if (index === group.length - 1) text += '\n'
    }
  return text
}

/** `a="x",b="y"`, escaped; empty when there are no labels. */
export function labelText(labels: Sample['labels']): string {
  return labels.map(([name, value]) => `${name}="${escaped(value)}"`).join(',')
}

/** A label set in braces; nothing for an empty one. */
export function braces(labels: string): string {
  return labels === '' ? '' : `{${labels}}`
}

/**
 * Gives what writes the labels of one series after another, between `start` and `end`. Series are visited branch by
 * branch, so the text of labels that stayed the same is used again, and none is kept.
 *
 * Here and below, what is used for many lines is put together first, and by `join`: what `+` makes is put together by the
 * engine when it is read, and anew for every line it is in (bench/metrics-scrape.ts).
 */
export function labelWriter(start: string, names: readonly string[], end = ''): (values: readonly string[]) => string {
  const last = names.length - 1
  if (last === -1) return () => start + end
  const close = `"${end}`
  const opens = names.map((name, index) => (index === 0 ? `${name}="` : `",${name}="`))
  const known: (string | undefined)[] = []
  /** What stands in front of the value of each label. */
  const before = [`${start}${/(^|\{)$/.test(start) ? '' : ','}${opens[0]}`]
  return (values) => {
    let level = 0
    while (level < last && values[level] === known[level]) level += 1
    for (; level < last; level += 1) {
      known[level] = values[level]
      before[level + 1] = [before[level], escaped(values[level]), opens[level + 1]].join('')
    }
    return before[last] + escaped(values[last]) + close
  }
}

function joined(first: string, second: string): string {
  return first === '' || second === '' ? first + second : `${first},${second}`
}

function head({ name, help, type }: FamilyHead): string {
  return `# HELP ${name} ${helpText(help)}\n# TYPE ${name} ${type}`
}

/** A help with what both formats escape in it. */
export function helpText(help: string): string {
  return help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

/** The lines of a family, each behind an LF. */
function valuesText(family: FamilyOf<string, number>, always: string): string {
  const { name, labels } = family
  const bare = always === '' && labels.length === 0
  const series = bare ? () => `\n${name} ` : labelWriter(`\n${name}{${always}`, labels, '} ')
  let text = ''
  family.each((values, value) => {
    text += series(values) + numberText(value)
  })
  return text
}

function histogramText(family: Extract<Family, { type: 'histogram' }>, always: string, format: TextFormat): string {
  const { name, buckets } = family
  const bounds = [...buckets.map(boundText), '+Inf'].map((bound) => `le="${bound}"} `)
  const labels = labelWriter(always, family.labels)
  const sumGrows = buckets.every((bound) => bound >= 0)
  let text = ''
  family.each((values, { counts, count, sum }) => {
    const own = labels(values)
    const bucket = [`\n${name}_bucket{`, own, own === '' ? '' : ','].join('')
    let below = 0
    for (let index = 0; index < bounds.length; index += 1) {
      below += counts[index] ?? 0
      text += bucket + bounds[index] + below
    }
    if (format.sumMayFall || (sumGrows && sum >= 0))
      text += `\n${name}_sum${braces(own)} ${numberText(sum)}\n${name}_count${braces(own)} ${count}`
  })
  return text
}

const NEEDS_ESCAPE = /[\\"\n]/

function escaped(value = ''): string {
  if (!NEEDS_ESCAPE.test(value)) return value
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf'
  return value === -Infinity ? '-Inf' : String(value)
}

/**
 * A bound as OpenMetrics and Prometheus 3 spell it, which is Go's way: `1.0`, `0.0001`, `1e-05`, `1.048576e+06`. Another
 * spelling would be another series.
 */
function boundText(bound: number): string {
  const [digits = '', power = ''] = bound.toExponential().split('e')
  if (Number(power) < -4 || Number(power) > 5) return `${digits}e${power.slice(0, 1)}${power.slice(1).padStart(2, '0')}`
  return Number.isInteger(bound) ? `${bound}.0` : String(bound)
}
