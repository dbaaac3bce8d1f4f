import type { MetricsView } from './metrics-port.ts'
import { helpText, metricsText, type FamilyHead } from './metrics-text.ts'

/** The content type that belongs to {@link openMetricsText}. */
export const OPEN_METRICS_TEXT = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

/** Units that a name can end in: those of `promtool check metrics`, and `ratio`. */
const UNIT = /_(amperes|bytes|celsius|grams|joules|kelvin|meters|metres|ratio|seconds|volts)$/

/**
 * Writes all metrics in the text format of OpenMetrics 1.0; metrics without a series are left out.
 *
 * The samples are those of `prometheusText`, to the letter, so that a series stays the same whichever format a server
 * asks for. But for one case: a histogram whose sum can fall, because of values below 0, is shown without `_sum` and
 * `_count`, which may only grow here.
 *
 * Source: https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md
 */
export function openMetricsText(metrics: MetricsView): string {
  return `${metricsText(metrics, { heads, sumMayFall: false })}# EOF\n`
}

const HISTOGRAM = ['', '_bucket', '_count', '_sum', '_created']
const COUNTER = ['', '_total', '_created']

/**
 * A family has its name alone, and with each suffix of its type, also where none of its samples has it. A counter whose
 * names are not free is written under its full name, as `unknown`: the shorter of two keeps its type, whichever was first.
 */
function heads(families: readonly FamilyHead[]): (family: FamilyHead) => string {
  const taken = new Set<string>()
  const take = (name: string, suffixes: readonly string[]): void =>
    suffixes.forEach((suffix) => taken.add(name + suffix))
  for (const { name, type } of families) if (type !== 'counter') take(name, type === 'histogram' ? HISTOGRAM : [''])
  const counters = new Set<string>()
  const all = families.filter(({ type }) => type === 'counter').map(({ name }) => name)
  for (const name of all.sort((a, b) => a.length - b.length)) {
    const stem = name.replace(/_total$/, '')
    const free = stem !== name && !stem.endsWith('_total') && COUNTER.every((suffix) => !taken.has(stem + suffix))
    if (free) counters.add(name)
    take(free ? stem : name, free ? COUNTER : [''])
  }
  return (family) => head(family, counters)
}

function head({ name, type, help }: FamilyHead, counters: ReadonlySet<string>): string {
  const isCounter = counters.has(name)
  const family = isCounter ? name.replace(/_total$/, '') : name
  const shownType = type === 'counter' && !isCounter ? 'unknown' : type
  const unit = UNIT.exec(family)?.[1]
  const unitLine = unit === undefined ? '' : `# UNIT ${family} ${unit}\n`
  return `# TYPE ${family} ${shownType}\n${unitLine}# HELP ${family} ${helpText(help).replaceAll('"', '\\"')}`
}
