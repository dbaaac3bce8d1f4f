/**
 * A moment, as it is written for whoever is to read it. Drivers read a `timestamp` or a `date` as a `Date` in the zone of the
 * process, so in SQL it is written in that zone, with its offset: a column without a zone takes the hours as they stand, one
 * with a zone counts the offset in. Over PostgREST rows come as text, and a moment goes as JSON writes it.
 */
export class Moment {
  readonly sql: string
  readonly postgrest: string

  /** Written at once: a date may be changed later. */
  constructor(date: Date) {
    const utc = fieldsOf(date, 'getUTC')
    const local = fieldsOf(date, 'get')
    this.sql = written(local, offsetOf(local, utc))
    this.postgrest = written(utc, 'Z')
  }
}

const FIELDS = ['FullYear', 'Month', 'Date', 'Hours', 'Minutes', 'Seconds', 'Milliseconds'] as const

type Fields = readonly [year: number, month: number, day: number, h: number, min: number, s: number, ms: number]

function fieldsOf(date: Date, way: 'get' | 'getUTC'): Fields {
  return FIELDS.map((field) => date[`${way}${field}`]()) as unknown as Fields
}

/** Postgres takes four digits of a year or more, and knows no year 0: before the year 1 comes 1 BC. */
function written([year, month, day, hours, minutes, seconds, ms]: Fields, offset: string): string {
  const date = [digits(year > 0 ? year : 1 - year, 4), digits(month + 1), digits(day)].join('-')
  const time = [hours, minutes, seconds].map((part) => digits(part)).join(':')
  return `${date}T${time}.${digits(ms, 3)}${offset}${year > 0 ? '' : ' BC'}`
}

/** `+02:00`, with seconds where a zone had them, as all had once. */
function offsetOf(local: Fields, utc: Fields): string {
  const seconds = secondsOf(local) - secondsOf(utc) + 86_400 * daysBetween(utc, local)
  if (seconds === 0) return 'Z'
  const size = Math.abs(seconds)
  const parts = [size / 3_600, (size / 60) % 60, size % 60].map((part) => digits(Math.floor(part)))
  return (seconds < 0 ? '-' : '+') + (parts[2] === '00' ? parts.slice(0, 2) : parts).join(':')
}

function secondsOf([, , , hours, minutes, seconds]: Fields): number {
  return 3_600 * hours + 60 * minutes + seconds
}

/** Of two days that are the same or follow each other. */
function daysBetween(from: Fields, to: Fields): number {
  const [years, months, days] = [0, 1, 2].map((at) => (to[at] ?? 0) - (from[at] ?? 0)) as [number, number, number]
  return Math.sign(years) || Math.sign(months) || Math.sign(days)
}

function digits(number: number, length = 2): string {
  return String(number).padStart(length, '0')
}
