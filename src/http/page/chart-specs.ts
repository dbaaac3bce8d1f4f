import type { ChartOptions } from './chart.ts'
import { duration, megabytes, percent, short, type Format } from './format.ts'
import { perSecond, share, type Point } from './history.ts'
import { judged, type Reading, type RouteReading } from './reading.ts'

/** The lines of a chart at one point in time. */
type Values = Readonly<Record<string, number | undefined>> | ReadonlyMap<string, number | undefined>

/** A chart, and how its lines are read. */
export interface ChartSpec extends Omit<ChartOptions, 'onLook'> {
  /** Empty when nothing was collected. */
  readonly values: (point: Point) => Values
  /** The reader chooses a route. */
  readonly byRoute?: true
}

/** As many as have a colour and a dash of their own. */
export const MOST_LINES = 6

const each = (unit: string): Format => {
  return (value) => `${short(value)}${unit}`
}
const inPercent: Format = (value) => `${percent(value)} %`
const MB = 1_048_576
const MIDDLEWARE = 'Wrap the handler in performanceMiddleware({ service, metrics }).'

/** Quantiles are of the last minutes, because that is what the service answers with; the mean is of the window. */
function latencies({ now, before }: Point, name: string | undefined): Values {
  const at = (reading: Reading): RouteReading | undefined =>
    name === undefined ? reading.all : reading.routes.get(name)
  const [route, earlier] = [at(now), before && at(before)]
  if (route === undefined || !now.measured) return {}
  const timed = route.timed - (earlier?.timed ?? 0)
  const mean = earlier === undefined || timed <= 0 ? undefined : (route.sum - earlier.sum) / timed
  const { count, p99, p90, p50 } = route.recent
  return count === 0 ? { p99: undefined, p90: undefined, p50: undefined, mean } : { p99, p90, p50, mean }
}

function cacheRates(point: Point): Values {
  const busiest = [...point.now.caches].sort(([, a], [, b]) => b.hits + b.misses - (a.hits + a.misses))
  return new Map(
    busiest.slice(0, MOST_LINES).map(([name]) => {
      const of = (reading: Reading): { hits: number; misses: number } =>
        reading.caches.get(name) ?? { hits: 0, misses: 0 }
      const looked = (reading: Reading): number => of(reading).hits + of(reading).misses
      return [name, share(point, (reading) => of(reading).hits, looked)]
    }),
  )
}

/** The charts in their order; `route` says which route the times are shown of, undefined for all together. */
export const chartSpecs = (route: () => string | undefined): readonly ChartSpec[] => [
  {
    title: 'Requests',
    note: 'Per second, average over 15 s',
    hint: MIDDLEWARE,
    format: each('/s'),
    values: (point) => (point.now.measured ? { requests: perSecond(point, ({ all }) => all.requests) } : {}),
  },
  {
    title: 'Errors',
    note: 'Share of requests answered with 500 and above, without 4xx, over 15 s',
    hint: MIDDLEWARE,
    format: inPercent,
    values: (point) =>
      point.now.measured ? { errors: share(point, ({ all }) => all.errors, ({ all }) => judged(all)) } : {}, // prettier-ignore
  },
  {
    title: 'Time to answer',
    note: 'Quantiles of the last 5 min, mean over 15 s',
    hint: MIDDLEWARE,
    format: duration,
    byRoute: true,
    values: (point) => latencies(point, route()),
  },
  {
    title: 'Cache hit rate',
    note: 'Share of look-ups answered by each cache, over 15 s',
    hint: "collect(metrics, 'cache', name, () => cache.stats())",
    format: inPercent,
    top: 1,
    values: cacheRates,
  },
  {
    title: 'Deduplication',
    note: 'Updates per second, average over 15 s',
    hint: "collect(metrics, 'dedup', name, () => dedup.stats())",
    format: each('/s'),
    values: (point) =>
      point.now.dedup.dedups === 0
        ? {}
        : {
            checked: perSecond(point, ({ dedup }) => dedup.checked),
            duplicates: perSecond(point, ({ dedup }) => dedup.duplicates),
          },
  },
  {
    title: 'Memory',
    note: 'Of the process that answered',
    hint: 'This platform does not say how much memory is used.',
    format: megabytes,
    values: ({ now: { memory } }) =>
      memory.heapUsed === 0
        ? {}
        : { 'heap used': memory.heapUsed / MB, 'heap size': memory.heapTotal / MB, external: memory.external / MB },
  },
]
