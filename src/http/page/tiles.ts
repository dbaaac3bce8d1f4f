import { byId, html, say } from './dom.ts'
import { count, duration, percent, short, UNKNOWN } from './format.ts'
import { perSecond, share, type Point } from './history.ts'
import { judged, type Reading } from './reading.ts'

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

/** Fewer of them are no share, as in the alert rules. */
const ENOUGH = 20
/** What is since the start is recent for so long, and so long are caches filled, as in the health endpoint; in milliseconds. */
const YOUNG = 300_000

const tiles: Readonly<Record<string, (point: Point) => Shown>> = {
  requests(point) {
    const { all, uptime, measured } = point.now
    if (!measured) return { value: UNKNOWN, unit: '/s', note: NOTHING }
    const rate = perSecond(point, (reading) => reading.all.requests)
    const average = uptime > 0 && uptime < YOUNG ? all.requests / (uptime / 1_000) : undefined
    const value = rate ?? average
    return {
      value: value === undefined ? UNKNOWN : short(value),
      unit: '/s',
      note: `${count(all.requests)} since start`,
    }
  },
  errors(point) {
    const { all, measured } = point.now
    const value = recent(point, (reading) => [reading.all.errors, judged(reading.all)])
    const note = measured ? `${count(all.errors)} of ${count(judged(all))} since start` : NOTHING
    if (value === undefined) return { value: UNKNOWN, unit: '%', note }
    return { value: percent(value), unit: '%', note, warning: value > 0.05 && 'above 5 %' }
  },
  p99({ now: { all, measured, recentMs } }) {
    const { p99, p90, count: lately } = all.recent
    const since = all.timed === 0 ? '' : ` · ${duration(all.p99)} since start`
    const note = measured ? `${count(lately)} in ${duration(recentMs)}${since}` : NOTHING
    if (lately === 0) return { value: UNKNOWN, unit: 'ms', note }
    // Of few requests the slowest one is the p99: one does not make a service slow.
    const isSlow = lately >= 100 ? p99 > 1_000 : lately >= ENOUGH && p90 > 1_000
    return { value: short(p99), unit: 'ms', note, warning: isSlow && 'above 1 s' }
  },
  cache(point) {
    const { lookups, caches, uptime } = point.now
    const looked = ({ hits, misses }: Reading['lookups']): number => hits + misses
    const value = recent(point, (reading) => [reading.lookups.hits, looked(reading.lookups)])
    const note = caches.size === 0 ? NOTHING : `${count(lookups.hits)} of ${count(looked(lookups))} since start`
    if (value === undefined) return { value: UNKNOWN, unit: '%', note }
    const judge = uptime >= YOUNG && looked(lookups) - (point.before === undefined ? 0 : looked(point.before.lookups)) >= ENOUGH // prettier-ignore
    return { value: percent(value), unit: '%', note, warning: judge && value < 0.5 && 'below 50 %' }
  },
  duplicates({ now: { dedup } }) {
    const { dedups, checked, duplicates } = dedup
    if (dedups === 0) return { value: UNKNOWN, unit: '', note: NOTHING }
    const part = checked === 0 ? 'no updates yet' : `${percent(duplicates / checked)} % of ${count(checked)} updates`
    return { value: count(duplicates), unit: '', note: part }
  },
}

/** Part by whole over the last seconds; or since the start, while that is not long ago. Undefined when nothing happened. */
function recent(point: Point, of: (reading: Reading) => readonly [part: number, whole: number]): number | undefined {
  const [part, whole] = of(point.now)
  const lately = share(point, (reading) => of(reading)[0], (reading) => of(reading)[1]) // prettier-ignore
  return lately ?? (whole === 0 || point.now.uptime >= YOUNG ? undefined : part / whole)
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
