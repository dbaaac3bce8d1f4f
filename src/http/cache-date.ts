const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ')

/** `Sun, 06 Nov 1994 08:49:37 GMT`. */
const FIXED = /^(?:mon|tue|wed|thu|fri|sat|sun), (\d\d) ([a-z]{3}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/i
/** `Sunday, 06-Nov-94 08:49:37 GMT`, as RFC 850 had it. */
const RFC_850 = /^(?:mon|tues|wednes|thurs|fri|satur|sun)day, (\d\d)-([a-z]{3})-(\d\d) (\d\d):(\d\d):(\d\d) GMT$/i
/** `Sun Nov  6 08:49:37 1994`, as C's asctime writes it. */
const ASCTIME = /^(?:mon|tue|wed|thu|fri|sat|sun) ([a-z]{3}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})$/i

/**
 * An HTTP date in epoch milliseconds; `undefined` when there is none, or it is none. The three forms of RFC 9110, section
 * 5.6.7 are read and nothing else, in either case of the letters (RFC 9111, section 4.2).
 *
 * @param now - in epoch milliseconds: two digits of a year are taken for the latest one that is no more than 50 years ahead
 */
export function parseHttpDate(field: string | null | undefined, now: number): number | undefined {
  const text = field?.trim() ?? ''
  const fixed = FIXED.exec(text)
  if (fixed !== null) {
    const [, day, month, year, ...time] = fixed
    return epochOf([year, month, day], time)
  }
  const old = RFC_850.exec(text)
  if (old !== null) {
    const [, day, month, year, ...time] = old
    return nearest((century) => epochOf([String(century + Number(year)), month, day], time), now)
  }
  const [, month, day, hours, minutes, seconds, year] = ASCTIME.exec(text) ?? []
  return epochOf([year, month, day], [hours, minutes, seconds])
}

/** Epoch milliseconds as `Sun, 06 Nov 1994 08:49:37 GMT`. Writes a time and reads none: that is the clock's. */
export function httpDate(epochMs: number): string {
  // eslint-disable-next-line no-restricted-globals -- nothing is read from it
  return new Date(epochMs).toUTCString()
}

type Part = string | undefined

function epochOf([year, month, day]: readonly Part[], [hours, minutes, seconds]: readonly Part[]): number | undefined {
  const at = MONTHS.indexOf(month?.toLowerCase() ?? '')
  if (at === -1) return undefined
  // The 60th second is one that was put in.
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 60) return undefined
  // eslint-disable-next-line no-restricted-globals -- arithmetic on what was read, not on the time
  const midnight = new Date(0)
  midnight.setUTCFullYear(Number(year), at, Number(day))
  // The 31st of February would be a day of March.
  if (midnight.getUTCDate() !== Number(day) || midnight.getUTCMonth() !== at) return undefined
  return midnight.getTime() + ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000
}

/** The time in the latest century in which it is no more than 50 years ahead. */
function nearest(timeIn: (century: number) => number | undefined, now: number): number | undefined {
  // eslint-disable-next-line no-restricted-globals -- arithmetic on what was given, not on the time
  const limit = new Date(now)
  limit.setUTCFullYear(limit.getUTCFullYear() + 50)
  const century = Math.floor(limit.getUTCFullYear() / 100) * 100
  const time = timeIn(century)
  return time !== undefined && time <= limit.getTime() ? time : timeIn(century - 100)
}
