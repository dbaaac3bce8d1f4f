import type { Database } from '../core/database.ts'
import { isoTime } from '../core/iso-time.ts'
import { constant, query, QueryError, type Filters } from '../query/index.ts'
import { databaseOf, type EasymoClient } from './client.ts'
import { boxAround, distanceKm, type Box, type Position } from './geo.ts'
import { askFunction } from './nearby-function.ts'
import { checkedOptions, type NearbyOptions, type Wanted } from './nearby-options.ts'
import { hostOf, part, type Ask } from './options.ts'
import type { Row, Trip } from './tables.ts'

/** The open trip of a driver, and how far away it begins, over the ground, in km; both are the same number. */
export type NearbyDriver = Row<Trip> & { readonly distance: number; readonly distance_km: number }

const clocks = (option: Ask) => hostOf(option).clock

/** What PostgREST gives at most, as Supabase sets it up: as many rows may be all, or not all. */
const MOST = 1_000
/** Each of them halves what is not known, so that the last is about a ten-thousandth of the radius. */
const MOST_TRIES = 14

/**
 * The drivers with an open trip that begins near a place, nearest first. Not cached.
 *
 * Asks the function `find_nearby_drivers(p_lat, p_lng, p_radius_km, p_vehicle_type, p_limit, p_window_start)`; where the
 * database has none that takes these, which is remembered for 5 minutes, reads the trips in a box around the circle, and
 * measures. Any other error of the database is one: it does not send the query a second way. Distances, limit and order are
 * made here either way, with the radius that was asked for, across the antimeridian and at the poles, too.
 *
 * @throws OptionError `ERR_PERF_OPTION`; QueryError and the other errors of the database
 */
export async function findNearbyDrivers(
  client: EasymoClient,
  location: Position,
  options: NearbyOptions = {},
): Promise<NearbyDriver[]> {
  const wanted = checkedOptions(location, options, part(clocks).now())
  const database = databaseOf(client)
  const given = await askFunction(client, database, wanted)
  return given === undefined ? nearestInBox(database, wanted) : nearest(given, wanted)
}

/** In a box with more rows than one answer holds, looks for the radius whose box holds enough, and not too many. */
async function nearestInBox(database: Database, wanted: Wanted): Promise<NearbyDriver[]> {
  let [tooFew, tooMany] = [0, wanted.radiusKm]
  let radiusKm = wanted.radiusKm
  let found: NearbyDriver[] = []
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const rows = await openTrips(database, wanted, boxAround(wanted, radiusKm))
    const inside = nearest(rows, { ...wanted, radiusKm })
    if (rows.length < MOST) {
      // All that are within the radius, so that nobody nearer is missing.
      if (radiusKm === wanted.radiusKm || inside.length >= wanted.limit) return inside
      tooFew = radiusKm
      found = inside
    } else {
      tooMany = radiusKm
      // Many in one place: any of them are as near as the others.
      if (tries === MOST_TRIES - 1) found = inside
    }
    radiusKm = (tooFew + tooMany) / 2
  }
  return found
}

async function openTrips(database: Database, { vehicleType, since }: Wanted, box: Box): Promise<readonly Trip[]> {
  // Constants and no values: only so does the planner use the index of open trips.
  let trips = query<Trip>(database, 'trips')
    .eq('status', constant('open'))
    .eq('role', constant('driver'))
    .gte('created_at', isoTime(since))
    .gte('pickup_lat', box.south)
    .lte('pickup_lat', box.north)
  if (vehicleType !== undefined) trips = trips.eq('vehicle_type', vehicleType)
  const inRange = ([west, east]: Box['lngs'][number]) => (trip: Filters<Trip>): Filters<Trip> => trip.gte('pickup_lng', west).lte('pickup_lng', east) // prettier-ignore
  const [first, second] = box.lngs
  if (first !== undefined) trips = second === undefined ? trips.gte('pickup_lng', first[0]).lte('pickup_lng', first[1]) : trips.or(inRange(first), inRange(second)) // prettier-ignore
  return (await trips.limit(MOST).execute()).data
}

/** With true distances, those within the radius alone, nearest first. */
function nearest(rows: readonly Trip[], { radiusKm, limit, ...centre }: Wanted): NearbyDriver[] {
  return rows
    .map((trip) => withDistance(trip, distanceTo(trip, centre)))
    .filter((driver) => driver.distance_km <= radiusKm)
    .sort((a, b) => a.distance_km - b.distance_km)
    .slice(0, limit)
}

const withDistance = (trip: Trip, km: number): NearbyDriver => ({
  ...(trip as Row<Trip>),
  distance: km,
  distance_km: km,
})

/** A function of the database's own may give rows without a place; then it has to say how far away they are. */
function distanceTo(trip: Trip & { readonly distance_km?: unknown }, centre: Position): number {
  const place = { lat: degrees(trip.pickup_lat), lng: degrees(trip.pickup_lng) }
  const distance = Number.isNaN(place.lat + place.lng) ? degrees(trip.distance_km) : distanceKm(centre, place)
  if (!Number.isNaN(distance)) return distance
  throw new QueryError('find_nearby_drivers must give pickup_lat and pickup_lng, or distance_km')
}

/** A column of type `numeric` comes as text over SQL. */
function degrees(value: unknown): number {
  return typeof value === 'number' || (typeof value === 'string' && value !== '') ? Number(value) : NaN
}
