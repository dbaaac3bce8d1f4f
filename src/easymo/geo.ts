/** A place on earth, in degrees. */
export interface Position {
  readonly lat: number
  readonly lng: number
}

/** The mean radius (IUGG). */
const EARTH_KM = 6_371.0088
const RADIANS = Math.PI / 180

/** How far two places are apart, over the ground; the earth taken for a ball, so up to 0.5 % from the truth. */
export function distanceKm(a: Position, b: Position): number {
  const [lat, lng] = [(b.lat - a.lat) * RADIANS, (b.lng - a.lng) * RADIANS]
  const h = Math.sin(lat / 2) ** 2 + Math.cos(a.lat * RADIANS) * Math.cos(b.lat * RADIANS) * Math.sin(lng / 2) ** 2
  // Rounding may take it above 1 for two places opposite each other.
  return 2 * EARTH_KM * Math.asin(Math.min(1, Math.sqrt(h)))
}

/** A range of latitudes, and the ranges of longitudes: two across the antimeridian, none where all are meant. */
export interface Box {
  readonly south: number
  readonly north: number
  readonly lngs: readonly (readonly [west: number, east: number])[]
}

/** The smallest box that holds every place within `radiusKm` of the centre; all longitudes when a pole is among them. */
export function boxAround({ lat, lng }: Position, radiusKm: number): Box {
  // A millionth more, so that rounding leaves out nobody.
  const angle = (radiusKm / EARTH_KM) * (1 + 1e-6) + 1e-9
  const [south, north] = [lat - angle / RADIANS, lat + angle / RADIANS]
  if (south <= -90 || north >= 90) return { south: Math.max(south, -90), north: Math.min(north, 90), lngs: [] }
  // Not `angle / cos(lat)`: the circle is widest nearer to the pole than its centre.
  const half = Math.asin(Math.sin(angle) / Math.cos(lat * RADIANS)) / RADIANS
  const [west, east] = [lng - half, lng + half]
  if (west < -180) return { south, north, lngs: [[west + 360, 180], [-180, east]] } // prettier-ignore
  if (east > 180) return { south, north, lngs: [[west, 180], [-180, east - 360]] } // prettier-ignore
  return { south, north, lngs: [[west, east]] }
}
