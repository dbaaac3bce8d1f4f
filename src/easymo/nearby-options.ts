import { between, isText, knownOptions, wholeAtLeast } from '../core/check.ts'
import { OptionError } from '../core/errors.ts'
import type { Position } from './geo.ts'

/** Which drivers are looked for. */
export interface NearbyOptions {
  /** Only these vehicles, e.g. `moto`. @defaultValue all */
  readonly vehicleType?: string | undefined
  /** As far as this, over the ground; up to half around the earth. @defaultValue 15 */
  readonly radiusKm?: number
  /** The nearest so many, from 1 to 100. @defaultValue 9 */
  readonly limit?: number
  /** Only trips that were opened in the last so many days. @defaultValue 30 */
  readonly windowDays?: number
}

/** The options with their defaults, and where. */
export interface Wanted extends Position {
  readonly vehicleType?: string
  readonly radiusKm: number
  readonly limit: number
  /** When the window begins, in epoch milliseconds. */
  readonly since: number
}

const DAY_MS = 86_400_000

/** @throws OptionError `ERR_PERF_OPTION` */
export function checkedOptions(location: Position, options: NearbyOptions, now: number): Wanted {
  knownOptions(options, 'vehicleType', 'radiusKm', 'limit', 'windowDays')
  const { vehicleType = '', radiusKm = 15, limit = 9, windowDays = 30 } = options
  between([-90, 90], 'lat', location?.lat)
  between([-180, 180], 'lng', location.lng)
  between([0, 20_038], 'radiusKm', radiusKm)
  wholeAtLeast(1, 'limit', limit)
  if (limit > 100) throw new OptionError(`limit must be at most 100, not ${limit}`)
  between([0, 36_500], 'windowDays', windowDays)
  const { lat, lng } = location
  const wanted = { lat, lng, radiusKm, limit, since: now - windowDays * DAY_MS }
  if (vehicleType === '') return wanted
  isText('vehicleType', vehicleType)
  return { ...wanted, vehicleType }
}
