import type { MetricsView } from '../core/metrics-port.ts'
import { PROMETHEUS_TEXT, prometheusText } from '../core/metrics-text.ts'
import { preferred } from '../core/negotiate.ts'
import { OPEN_METRICS_TEXT, openMetricsText } from '../core/open-metrics-text.ts'
import { metricsPage, PAGE_HEADERS } from './page.ts'
import { recentHistograms, RecentHistograms } from '../core/recent-histograms.ts'
import { documentOf } from './performance-document.ts'

/** The formats of the metrics endpoint, by their names in the query. */
export type Format = 'json' | 'openmetrics' | 'prometheus' | 'html'

/** The favourite first: what is served to those who take anything. */
export const FORMATS: readonly Format[] = ['json', 'openmetrics', 'prometheus', 'html']

const TYPES: Readonly<Record<Format, string>> = {
  json: 'application/json',
  openmetrics: OPEN_METRICS_TEXT,
  prometheus: PROMETHEUS_TEXT,
  html: 'text/html; charset=utf-8',
}

const OFFERED: readonly string[] = FORMATS.map((format) => TYPES[format])

/** The format that the query names, `undefined` when it is none of ours; else what `Accept` prefers, else JSON. */
export function formatOf(request: Request): Format | undefined {
  const asked = queried(request.url)
  if (asked !== null) return FORMATS.find((format) => format === asked)
  const type = preferred(request.headers.get('accept'), OFFERED)
  return FORMATS.find((format) => TYPES[format] === type) ?? 'json'
}

/** By hand: a `URL` costs as much as the rest of a small request. */
function queried(url: string): string | null {
  const query = url.indexOf('?')
  return query === -1 ? null : new URLSearchParams(url.slice(query + 1).replace(/#.*$/s, '')).get('format')
}

/** The headers that belong to a format. */
export function headersOf(format: Format): Readonly<Record<string, string>> {
  return { 'content-type': TYPES[format], ...(format === 'html' ? PAGE_HEADERS : {}) }
}

/** Gives the text of a format. The page holds no data, so that nobody is asked for any. */
export function createTexts(
  metrics: MetricsView | (() => MetricsView | Promise<MetricsView>),
): (format: Format) => Promise<string> {
  // What is given anew each time has no memory of its own.
  const own = new RecentHistograms()
  const isRegistry = (view: MetricsView): boolean => 'counter' in view
  return async (format) => {
    if (format === 'html') return metricsPage()
    const view = typeof metrics === 'function' ? await metrics() : metrics
    const recent = isRegistry(view) ? recentHistograms(view) : own
    // Whoever scrapes keeps it up to date for whoever reads.
    recent.mark(view)
    if (format === 'json') return JSON.stringify(documentOf(view, recent))
    return format === 'openmetrics' ? openMetricsText(view) : prometheusText(view)
  }
}
