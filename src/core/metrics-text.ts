import type { Family, Metrics } from './metrics-port.ts'
import { readSamples } from './metrics-samples.ts'

/** The content type that belongs to {@link prometheusText}. */
export const PROMETHEUS_TEXT = 'text/plain; version=0.0.4; charset=utf-8'

/**
 * Writes all metrics in Prometheus' text format 0.0.4; metrics without a series are left out.
 *
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function prometheusText(metrics: Metrics): string {
  // First, because a source that cannot be read is counted in a metric of this very scrape.
  const samples = readSamples(metrics)
  const always = labelText(Object.keys(metrics.defaultLabels), Object.values(metrics.defaultLabels))
  let text = ''
  for (const family of metrics.families()) {
    const body = family.type === 'histogram' ? histogramText(family, always) : valuesText(family, always)
    if (body !== '') text += head(family) + body
  }
  for (const group of samples.values())
    for (const [index, { labels, value, ...family }] of group.entries()) {
      const own = labelText(labels.map(([name]) => name), labels.map(([, text]) => text)) // prettier-ignore
      text += `${index === 0 ? head(family) : ''}${family.name}${braces(joined(always, own))} ${numberText(value)}\n`
    }
  return text
}

/** `a="x",b="y"`, escaped; empty when there are no labels. */
export function labelText(names: readonly string[], values: readonly string[]): string {
  let text = ''
  for (let index = 0; index < names.length; index += 1)
    text += `${index === 0 ? '' : ','}${names[index]}="${escaped(values[index] ?? '')}"`
  return text
}

/** A label set in braces; nothing for an empty one. */
export function braces(labels: string): string {
  return labels === '' ? '' : `{${labels}}`
}

function joined(first: string, second: string): string {
  if (first === '') return second
  return second === '' ? first : `${first},${second}`
}

function head({ name, help, type }: { readonly name: string; readonly help: string; readonly type: string }): string {
  return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`
}

function valuesText(family: Extract<Family, { type: 'counter' | 'gauge' }>, always: string): string {
  const { name, labels } = family
  let text = ''
  family.each((values, value) => {
    text += `${name}${braces(joined(always, labelText(labels, values)))} ${numberText(value)}\n`
  })
  return text
}

function histogramText(family: Extract<Family, { type: 'histogram' }>, always: string): string {
  const { name, labels } = family
  const bounds = [...family.buckets.map(boundText), '+Inf'].map((bound) => `le="${bound}"} `)
  let text = ''
  family.each((values, { counts, count, sum }) => {
    const own = joined(always, labelText(labels, values))
    const bucket = `${name}_bucket{${own}${own === '' ? '' : ','}`
    let below = 0
    for (let index = 0; index < bounds.length; index += 1) {
      below += counts[index] ?? 0
      text += `${bucket}${bounds[index]}${below}\n`
    }
    text += `${name}_sum${braces(own)} ${numberText(sum)}\n${name}_count${braces(own)} ${count}\n`
  })
  return text
}

const NEEDS_ESCAPE = /[\\"\n]/

function escaped(value: string): string {
  if (!NEEDS_ESCAPE.test(value)) return value
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf'
  return value === -Infinity ? '-Inf' : String(value)
}

/** Whole bounds get a `.0`, as OpenMetrics and Prometheus 3 spell them: another spelling would be another series. */
function boundText(bound: number): string {
  const text = String(bound)
  return /^-?\d+$/.test(text) ? `${text}.0` : text
}
