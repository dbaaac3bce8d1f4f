const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const precise = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })
const compact = new Intl.NumberFormat('en', { maximumSignificantDigits: 3, notation: 'compact' })
const percents = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })

/** Nothing is known; not the same as 0. */
export const UNKNOWN = '–'

/** What a number is called, in the fewest characters that still tell it apart. */
export type Format = (value: number) => string

/** A count, to the last one. */
export const count: Format = (value) => whole.format(value)

/** Three digits that matter: `0.25`, `12.4`, `1,240`, `1.24M`. */
export const short: Format = (value) => {
  if (value >= 100_000) return compact.format(value)
  return value >= 100 ? whole.format(value) : precise.format(value)
}

/** A share of 1 in percent. Only nothing is 0 and only everything is 100. */
export const percent: Format = (value) => {
  if (value > 0 && value < 0.001) return '<0.1'
  if (value < 1 && value > 0.999) return '>99.9'
  return percents.format(value * 100)
}

/** Milliseconds as people say them. */
export const duration: Format = (ms) => {
  if (ms < 1_000) return `${short(ms)} ms`
  if (ms < 60_000) return `${short(ms / 1_000)} s`
  if (ms < 5_400_000) return `${whole.format(ms / 60_000)} min`
  return ms < 129_600_000 ? `${short(ms / 3_600_000)} h` : `${short(ms / 86_400_000)} days`
}

/** How long ago something was. */
export const ago: Format = (ms) => (ms < 1_000 ? 'now' : `${duration(Math.round(ms / 1_000) * 1_000)} ago`)

/** Megabytes, already counted as such, so that a scale of them has round numbers. */
export const megabytes: Format = (value) => `${short(value)} MB`
