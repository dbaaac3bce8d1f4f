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
  return `${metricsText(metrics, { head, sumMayFall: false })}# EOF\n`
}

function head({ name, type, help }: FamilyHead, names: ReadonlySet<string>): string {
  const stem = name.replace(/_total$/, '')
  // A family has its name alone: a counter beside a gauge called like its stem is shown under its full name.
  const isCounter = type === 'counter' && stem !== name && !names.has(stem)
  const family = isCounter ? stem : name
  const shownType = type === 'counter' && !isCounter ? 'unknown' : type
  const unit = UNIT.exec(family)?.[1]
  const unitLine = unit === undefined ? '' : `# UNIT ${family} ${unit}\n`
  return `# TYPE ${family} ${shownType}\n${unitLine}# HELP ${family} ${helpText(help).replaceAll('"', '\\"')}`
}
