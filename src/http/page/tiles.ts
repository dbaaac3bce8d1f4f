import { byId, html, say } from './dom.ts'
import { count, percent, short, UNKNOWN } from './format.ts'
import { perSecond, share, type Point } from './history.ts'
import type { Reading } from './reading.ts'

/** One large number. */
interface Shown {
  readonly value: string
  readonly unit: string
  /** Where the number comes from. */
  readonly note: string
  /** Why the number is worth a look; the same bounds as the alert rules have. */
  readonly warning?: string | false
}

const NOTHING = 'nothing collected yet'

const tiles: Readonly<Record<string, (point: Point) => Shown>> = {
  requests(point) {
    const { requests, uptime } = point.now
    const rate = perSecond(point, (reading) => reading.requests)
    const average = uptime > 0 ? requests / (uptime / 1_000) : undefined
    const value = rate ?? average
    return {
      value: value === undefined ? UNKNOWN : short(value),
      unit: '/s',
      note: `${count(requests)} since start`,
    }
  },
  errors(point) {
    const { errors, requests } = point.now
    const value = recent(point, ({ all }) => [all.errors, all.requests])
    if (value === undefined) return { value: UNKNOWN, unit: '%', note: NOTHING }
    return {
      value: percent(value),
      unit: '%',
      note: `${count(errors)} of ${count(requests)} since start`,
      warning: value > 0.05 && 'above 5 %',
    }
  },
  p99({ now }) {
    const { p99, timed } = now.all
    if (timed === 0) return { value: UNKNOWN, unit: 'ms', note: NOTHING }
    const [slowest] = [...now.routes].find(([, route]) => route.p99 === p99) ?? ['']
    return { value: short(p99), unit: 'ms', note: slowest, warning: p99 > 1_000 && 'above 1 s' }
  },
  cache(point) {
    const { hits, misses } = point.now.lookups
    const value = recent(point, ({ lookups }) => [lookups.hits, lookups.hits + lookups.misses])
    if (value === undefined) return { value: UNKNOWN, unit: '%', note: NOTHING }
    const note = `${count(hits)} of ${count(hits + misses)} since start`
    return { value: percent(value), unit: '%', note, warning: value < 0.5 && 'below 50 %' }
  },
  duplicates({ now: { dedup } }) {
    if (dedup.checked === 0) return { value: UNKNOWN, unit: '', note: NOTHING }
    return {
      value: count(dedup.duplicates),
      unit: '',
      note: `${percent(dedup.duplicates / dedup.checked)} % of ${count(dedup.checked)} updates`,
    }
  },
}

/** Part by whole over the last seconds, or since the start when nothing happened lately; undefined when nothing ever did. */
function recent(point: Point, of: (reading: Reading) => readonly [part: number, whole: number]): number | undefined {
  const [part, whole] = of(point.now)
  const lately = share(point, (reading) => of(reading)[0], (reading) => of(reading)[1]) // prettier-ignore
  return lately ?? (whole === 0 ? undefined : part / whole)
}

/** Writes the large numbers. */
export function showTiles(point: Point): void {
  for (const [id, read] of Object.entries(tiles)) {
    const { value, unit, note, warning = false } = read(point)
    const tile = byId(id)
    const [number, notes] = [tile.querySelector('dd'), tile.querySelector('p')]
    if (number === null || notes === null) continue
    if (number.textContent !== value + unit)
      number.replaceChildren(value, ...(value === UNKNOWN || unit === '' ? [] : [html('small', {}, unit)]))
    say(notes, warning === false ? note : `${warning} · ${note}`)
    tile.classList.toggle('warn', warning !== false)
  }
}
