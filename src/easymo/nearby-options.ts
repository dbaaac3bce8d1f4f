import { between, isText, knownOptions, wholeAtLeast } from '../core/check.ts'
import { OptionError } from '../core/errors.ts'
import type { Position } from './geo.ts'

/** Where drivers are looked for. */
export interface NearbyOptions extends Position {
  /** As far as this, over the ground; up to half around the earth. */
  readonly radiusKm: number
  /** Only these vehicles, e.g. `moto`. @defaultValue all */
  readonly vehicleType?: string
  /** The nearest so many, from 1 to 100. @defaultValue 20 */
  readonly limit?: number
}

/** The options with their defaults. */
export type Wanted = Required<Omit<NearbyOptions, 'vehicleType'>> & Pick<NearbyOptions, 'vehicleType'>

/** @throws OptionError `ERR_PERF_OPTION` */
export function checkedOptions(options: NearbyOptions): Wanted {
  knownOptions(options, 'lat', 'lng', 'radiusKm', 'vehicleType', 'limit')
  const { lat, lng, radiusKm, vehicleType, limit = 20 } = options
  between([-90, 90], 'lat', lat)
  between([-180, 180], 'lng', lng)
  between([0, 20_038], 'radiusKm', radiusKm)
  wholeAtLeast(1, 'limit', limit)
  if (limit > 100) throw new OptionError(`limit must be at most 100, not ${limit}`)
  if (vehicleType === undefined) return { lat, lng, radiusKm, limit }
  isText('vehicleType', vehicleType)
  return { lat, lng, radiusKm, vehicleType, limit }
}
