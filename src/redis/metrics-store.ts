import { isText, knownOptions } from '../core/check.ts'
import { StoreSetupError } from '../core/errors.ts'
import {
  FORGOTTEN_MS,
  OVERFLOW,
  REMEMBERED_MS,
  type Amount,
  type GaugeValue,
  type MetricsFlush,
  type MetricsStore,
  type SeriesAmounts,
  type StoredDefinition,
  type StoredGauge,
  type StoredMetrics,
} from '../core/metrics-store.ts'
import { ADD, READ } from './metrics-scripts.ts'
import type { RedisClient } from './drivers.ts'
import { redisPort } from './port.ts'

/** Where the metrics stand among the other keys of the server. */
export interface RedisMetricsStoreOptions {
  /** Stands in braces before every key, so that all are in one slot; one that has braces is taken as it is. @defaultValue `easymo:metrics:` */
  readonly prefix?: string
}

/**
 * Creates a store of metrics in Redis (6.2 or later, Valkey, Upstash), for the clients of ioredis, redis and
 * `@upstash/redis`, and for the clusters of the first two. A flush is one script, and so is reading; all times are the
 * server's. Sums keep every digit of a double.
 *
 * Redis must keep the keys, by `maxmemory-policy noeviction` or memory enough; 30 days after the last flush they go away.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function redisMetricsStore(client: RedisClient, options: RedisMetricsStoreOptions = {}): MetricsStore {
  const { prefix = 'easymo:metrics:' } = options
  knownOptions(options, 'prefix')
  isText('prefix', prefix)
  const { script } = redisPort(client)
  const tagged = /^[^{]*\{[^}]+\}/.test(prefix) ? prefix : `{${prefix}}`
  const [series, counts, gauges, instances, definitions] = ['series', 'counts', 'gauges', 'instances', 'definitions'].map((name) => tagged + name) as [string, string, string, string, string] // prettier-ignore
  return {
    async add(flush) {
      const keys = [series, counts, gauges, instances, definitions, `${tagged}flush:${flush.id}`]
      const answer = await script(ADD, keys, argumentsOf(flush))
      if (answer !== 1 && answer !== 0) throw notOurs()
      return answer === 1
    },
    async read() {
      const answer = await script(READ, [series, gauges, instances, definitions], [])
      if (!Array.isArray(answer) || answer.length < 3) throw notOurs()
      return metricsOf(answer)
    },
  }
}

function argumentsOf(flush: MetricsFlush): string[] {
  const { instance, gauges, gaugeTtlMs, definitions, series, maxSeriesPerMetric } = flush
  return [
    ...[REMEMBERED_MS, FORGOTTEN_MS, maxSeriesPerMetric].map(String),
    OVERFLOW,
    instance,
    String(Math.ceil(gaugeTtlMs)),
    gauges === undefined ? '' : JSON.stringify(gauges.map((gauge) => [gauge.metric, gauge.series, gauge.value, gauge.ageMs])), // prettier-ignore
    String(definitions.length),
    ...definitions.flat(),
    ...series.flatMap((each) => [each.metric, each.series, words(each)]),
  ]
}

function words({ min, max, sums }: SeriesAmounts): string {
  return [min ?? '-', max ?? '-', ...sums.flat()].join(' ')
}

/** What the script answers: its texts have a `=` before them. */
function metricsOf([time, ofSeries, ofGauges, ...rest]: readonly unknown[]): StoredMetrics {
  const now = Number(text(time))
  const pairs = Array.from({ length: rest.length / 2 }, (_, at) => [text(rest[2 * at]), text(rest[2 * at + 1])] as const) // prettier-ignore
  const gaugesAt = Number(ofSeries)
  const definitionsAt = gaugesAt + Number(ofGauges)
  return {
    series: pairs.slice(0, gaugesAt).flatMap(([field, value]) => seriesOf(field, value)),
    gauges: pairs.slice(gaugesAt, definitionsAt).flatMap(([instance, said]) => gaugesOf(instance, said, now)),
    definitions: pairs.slice(definitionsAt).flatMap(([metric, said]) => definitionOf(metric, said, now)),
  }
}

const text = (given: unknown): string => String(given).slice(1)

function seriesOf(field: string, value: string): SeriesAmounts[] {
  const [metric = '', series = ''] = field.split('\n')
  const [version, min, max, ...parts] = value.split(' ')
  if (version !== '1') return []
  const sums: Amount[] = []
  for (let at = 0; at + 1 < parts.length; at += 2) sums.push([parts[at] ?? '', Number(parts[at + 1])])
  return [{ metric, series, sums, ...(min !== '-' && { min: Number(min) }), ...(max !== '-' && { max: Number(max) }) }]
}

function gaugesOf(instance: string, said: string, now: number): StoredGauge[] {
  const [, at, json] = /^1 (\d+) (.*)$/s.exec(said) ?? []
  if (json === undefined) return []
  const gauges = JSON.parse(json) as [string, string, number, number][]
  return gauges.map(([metric, series, value, ageMs]): GaugeValue & { instance: string } => {
    return { instance, metric, series, value, ageMs: ageMs + now - Number(at) }
  })
}

function definitionOf(metric: string, said: string, now: number): StoredDefinition[] {
  const [, since, at, definition] = /^1 (\d+) (\d+) (.*)$/s.exec(said) ?? []
  return definition === undefined ? [] : [{ metric, definition, ageMs: now - Number(since), idleMs: now - Number(at) }]
}

function notOurs(): StoreSetupError {
  return new StoreSetupError('redis answered a script of the metrics with something else than its answer')
}
