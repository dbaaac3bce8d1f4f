const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ')

/** `Sun, 06 Nov 1994 08:49:37 GMT`, and `Sunday, 06-Nov-94 08:49:37 GMT` as it was written before. */
const DATE = /^[a-z]+, (\d\d)[ -]([a-z]{3})[ -](\d{4}|\d\d) (\d\d):(\d\d):(\d\d) GMT$/i
/** `Sun Nov  6 08:49:37 1994`, as C's asctime writes it. */
const ASCTIME = /^[a-z]{3} ([a-z]{3}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})$/i

/**
 * An HTTP date in epoch milliseconds; `undefined` when there is none, or it cannot be read. All three forms of RFC 9110,
 * section 5.6.7 are read.
 */
export function parseHttpDate(field: string | null | undefined): number | undefined {
  const text = field?.trim() ?? ''
  const date = DATE.exec(text)
  if (date !== null) {
    const [, day, month, year, ...time] = date
    return epochOf([year, month, day], time)
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
  // Two digits are of this century while that is not absurdly far off; a date of 1994 has long expired either way.
  const full = year?.length === 2 ? 2000 + Number(year) - (Number(year) >= 70 ? 100 : 0) : Number(year)
  // eslint-disable-next-line no-restricted-globals -- arithmetic on what was read, not on the time
  return Date.UTC(full, at, Number(day), Number(hours), Number(minutes), Number(seconds))
}
