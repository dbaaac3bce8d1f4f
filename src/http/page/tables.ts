import { byId, html } from './dom.ts'
import { count, duration, percent, short, UNKNOWN } from './format.ts'
import { increase, type Point } from './history.ts'
import { judged, type Reading } from './reading.ts'

/** The first cell names the row. */
type Row = readonly string[]

interface Table {
  readonly heads: Row
  readonly rows: (point: Point) => readonly Row[]
  /** What to do so that there are rows. */
  readonly hint: string
}

const tables: Readonly<Record<string, Table>> = {
  routes: {
    heads: ['Route', 'Requests', 'Per second', 'Errors', 'p50', 'p90', 'p99', 'p99 since start'],
    rows: (point) => [...point.now.routes.keys()].map((name) => routeRow(name, point)),
    hint: 'Wrap the handler in performanceMiddleware({ service, metrics }).',
  },
  caches: {
    heads: ['Cache', 'Hit rate', 'Hits', 'Misses', 'Entries'],
    rows: ({ now }) =>
      [...now.caches].map(([name, { hits, misses, size }]) => {
        const looked = hits + misses
        return [name, looked === 0 ? UNKNOWN : `${percent(hits / looked)} %`, count(hits), count(misses), count(size)]
      }),
    hint: "collect(metrics, 'cache', name, () => cache.stats())",
  },
  handlers: {
    heads: ['Handler', 'State', 'Load time'],
    rows: ({ now }) =>
      [...now.handlers].map(([name, { loaded, loadTimeMs }]) =>
        loaded ? [name, 'loaded', duration(loadTimeMs)] : [name, 'not loaded', UNKNOWN],
      ),
    hint: "collect(metrics, 'lazy', name, () => handlers.stats())",
  },
  pool: {
    heads: ['Pools', 'Clients', 'Healthy', 'In use', 'Waiting', 'Times lent', 'Oldest'],
    rows: ({ now: { pool } }) => (pool.pools === 0 ? [] : [poolRow(pool)]),
    hint: "collect(metrics, 'pool', name, () => pool.stats())",
  },
}

function routeRow(name: string, { now, before }: Point): Row {
  const route = now.routes.get(name)
  if (route === undefined) return [name]
  const { requests, errors, timed, p99, recent } = route
  const seconds = before === undefined ? 0 : (now.uptime - before.uptime) / 1_000
  const rate = increase(requests, before?.routes.get(name)?.requests ?? 0) / seconds
  const share = judged(route) === 0 ? 0 : errors / judged(route)
  const time = (ms: number, of: number): string => (of === 0 ? UNKNOWN : duration(ms))
  const times = [recent.p50, recent.p90, recent.p99].map((ms) => time(ms, recent.count))
  return [
    name,
    count(requests),
    seconds > 0 ? short(rate) : UNKNOWN,
    `${count(errors)} (${percent(share)} %)`,
    ...times,
    time(p99, timed),
  ]
}

function poolRow({ size, healthy, borrowed, waiting, totalUses, oldestClientAge }: Reading['pool']): Row {
  const counts = [size, healthy, borrowed, waiting, totalUses].map(count)
  return ['all together', ...counts, size === 0 ? UNKNOWN : duration(oldestClientAge)]
}

/** Writes the tables. */
export function showTables(point: Point): void {
  for (const [id, { heads, rows, hint }] of Object.entries(tables)) {
    const place = byId(id)
    const found = rows(point)
    place.replaceChildren(
      found.length > 0
        ? html('table', {}, head(heads), html('tbody', {}, ...found.map(row)))
        : html('p', { class: 'empty' }, html('b', {}, 'Nothing collected yet'), html('span', {}, hint)),
    )
  }
}

function head(heads: Row): HTMLElement {
  return html('thead', {}, html('tr', {}, ...heads.map((text) => html('th', { scope: 'col' }, text))))
}

function row([name = '', ...cells]: Row): HTMLElement {
  const named = html('th', { scope: 'row' }, html('bdi', {}, name === '' ? UNKNOWN : name))
  return html('tr', {}, named, ...cells.map((text) => html('td', {}, text)))
}
