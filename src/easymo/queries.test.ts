import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { easymoDatabase, type EasymoDatabase } from '../../test/support/easymo-database.ts'
import { distanceKm } from './geo.ts'
import {
  findNearbyDrivers,
  getActiveTrip,
  getProfileById,
  getProfileByPhone,
  getRecentInsuranceLead,
  getTransactionHistory,
  getUserClaims,
  query,
  resetEasymo,
  type NearbyOptions,
  type Profile,
} from './index.ts'

const ALINE = '00000000-0000-4000-8000-000000000001'
const BOSCO = '00000000-0000-4000-8000-000000000002'
const KIGALI = { lat: -1.9441, lng: 30.0619 }
let db: EasymoDatabase

beforeAll(async () => (db = await easymoDatabase()))
afterAll(() => db.drop())
beforeEach(async () => {
  resetEasymo()
  await db.empty()
})

it('reads profiles as they are now, and never from the cache', async () => {
  await db.pool.query(`insert into profiles (user_id, whatsapp_e164, full_name) values ($1, '+250788000001', 'a')`, [ALINE]) // prettier-ignore
  expect(await getProfileById(db.pool, ALINE)).toMatchObject({ full_name: 'a' })
  await db.pool.query("update profiles set full_name = 'b'")
  expect(await getProfileById(db.pool, ALINE)).toMatchObject({ full_name: 'b' })
  expect(await getProfileByPhone(db.pool, '250 788 000 001')).toMatchObject({ full_name: 'b' })
  expect(await getProfileByPhone(db.pool, '250788000002')).toBeNull()
})

it('of several profiles with one number gives the one that WhatsApp has proven, and not who typed it', async () => {
  const add = (id: string, column: string) =>
    db.pool.query(`insert into profiles (user_id, ${column}) values ($1, '250788000001')`, [id])
  await add(ALINE, 'phone_number')
  expect(await getProfileByPhone(db.pool, '+250788000001')).toMatchObject({ user_id: ALINE })
  await add(BOSCO, 'whatsapp_e164')
  expect(await getProfileByPhone(db.pool, '+250788000001')).toMatchObject({ user_id: BOSCO })
  const carine = '00000000-0000-4000-8000-0000000000c0'
  await add(carine, 'wa_id')
  expect(await getProfileByPhone(db.pool, '+250788000001')).toMatchObject({ user_id: carine })
})

it('takes a trip for active in six states, and no other', async () => {
  const active = ['open', 'matched', 'started', 'arrived', 'picked_up', 'in_progress']
  for (const status of [...active, 'completed', 'cancelled', 'expired']) {
    await db.pool.query('truncate trips')
    await db.pool.query(`insert into trips (user_id, role, status) values ($1, 'passenger', $2)`, [ALINE, status])
    const trip = await getActiveTrip(db.pool, ALINE)
    expect(trip?.status, status).toBe(active.includes(status) ? status : undefined)
  }
})

it('finds the newest lead of a number, however it is written on either side', async () => {
  await db.pool.query(`insert into insurance_leads (whatsapp, status, created_at) values
    ('250788000001', 'old', now() - interval '1 day'), ('+250788000001', 'new', now()), ('250788000002', 'other', now())`)
  for (const whatsapp of ['+250788000001', '250788000001'])
    expect(await getRecentInsuranceLead(db.pool, whatsapp)).toMatchObject({ status: 'new' })
  expect(await getRecentInsuranceLead(db.pool, '250788000003')).toBeNull()
  await expect(getRecentInsuranceLead(db.pool, '')).rejects.toMatchObject({ code: 'ERR_PERF_OPTION' })
})

it('lists the claims of a number, newest first, by status and page', async () => {
  await db.pool.query(`insert into insurance_claims (whatsapp, status, submitted_at)
    select '+250788000001', case when n % 2 = 0 then 'paid' else 'open' end, now() - n * interval '1 hour'
    from generate_series(1, 5) n union all select '250788000002', 'open', now()`)
  const all = await getUserClaims(db.pool, '250788000001')
  expect(all.map(({ status }) => status)).toEqual(['open', 'paid', 'open', 'paid', 'open'])
  expect(await getUserClaims(db.pool, '250788000001', { status: 'paid' })).toHaveLength(2)
  expect(await getUserClaims(db.pool, '250788000001', { status: ['paid', 'open'], page: 2, pageSize: 2 })).toEqual(all.slice(2, 4)) // prettier-ignore
  expect(await getUserClaims(db.pool, '250788000001', { status: [] })).toEqual([])
})

it('pages through transactions that came in the same moment, and shows each once', async () => {
  await db.pool.query(`insert into wallet_transactions (user_id, type, amount, status, created_at)
    select '${ALINE}', 'topup', n + 0.25, 'done', '2026-01-01' from generate_series(1, 5) n`)
  await db.pool.query(`insert into wallet_transactions (user_id, type, amount, status) values ($1, 'x', 9, 'done')`, [BOSCO]) // prettier-ignore
  const amounts: number[] = []
  for (let page = 1; page <= 3; page += 1) {
    const { data, count, hasMore } = await getTransactionHistory(db.pool, ALINE, { page, pageSize: 2 })
    expect([count, hasMore]).toEqual([5, page < 3])
    amounts.push(...data.map(({ amount }) => amount))
  }
  expect(amounts.sort()).toEqual([1.25, 2.25, 3.25, 4.25, 5.25])
})

describe('findNearbyDrivers', () => {
  const driver = (lat: number, lng: number, more: Readonly<Record<string, string>> = {}): Promise<unknown> => {
    const { role = 'driver', status = 'open', vehicle = 'moto' } = more
    return db.pool.query(`insert into trips (user_id, role, status, vehicle_type, pickup_lat, pickup_lng) values ($1, $2, $3, $4, $5, $6)`, [BOSCO, role, status, vehicle, lat, lng]) // prettier-ignore
  }
  const places = async (options: NearbyOptions): Promise<unknown[]> =>
    (await findNearbyDrivers(db.pool, options)).map(({ pickup_lat, pickup_lng }) => [pickup_lat, pickup_lng])

  it('gives drivers with an open trip within the radius, nearest first, with the true distance', async () => {
    await driver(-1.9541, 30.0619)
    await driver(-1.9451, 30.0619)
    await driver(-1.9451, 30.0619, { role: 'passenger' })
    await driver(-1.9451, 30.0619, { status: 'matched' })
    // In the corner of the box around 5 km, and 6.9 km away.
    await driver(-1.988, 30.106)
    const near = await findNearbyDrivers(db.pool, { ...KIGALI, radiusKm: 5 })
    expect(near.map(({ distance_km }) => Math.round(distance_km * 1_000))).toEqual([111, 1_112])
    expect(await findNearbyDrivers(db.pool, { ...KIGALI, radiusKm: 7 })).toHaveLength(3)
    expect(await findNearbyDrivers(db.pool, { ...KIGALI, radiusKm: 0.05 })).toHaveLength(0)
  })

  it('gives only the vehicles asked for, and the nearest so many', async () => {
    for (let n = 1; n <= 5; n += 1) await driver(KIGALI.lat + n / 1_000, KIGALI.lng, { vehicle: n % 2 === 0 ? 'car' : 'moto' }) // prettier-ignore
    expect(await findNearbyDrivers(db.pool, { ...KIGALI, radiusKm: 5, vehicleType: 'car' })).toHaveLength(2)
    const [nearest] = await findNearbyDrivers(db.pool, { ...KIGALI, radiusKm: 5, limit: 1 })
    expect(nearest?.pickup_lat).toBeCloseTo(KIGALI.lat + 0.001)
  })

  it('looks across the antimeridian, from either side', async () => {
    await driver(-17, 179.99)
    await driver(-17, -179.99)
    await driver(-17, 0)
    expect(await places({ lat: -17, lng: 179.98, radiusKm: 5 })).toEqual([[-17, 179.99], [-17, -179.99]]) // prettier-ignore
    expect(await places({ lat: -17, lng: -180, radiusKm: 5 })).toHaveLength(2)
    expect(await places({ lat: -17, lng: 180, radiusKm: 5 })).toHaveLength(2)
  })

  it('looks across a pole, where every longitude is near', async () => {
    await driver(89.99, 0)
    await driver(89.99, 180)
    await driver(-89.99, 0)
    expect(await places({ lat: 89.99, lng: 0, radiusKm: 3 })).toEqual([[89.99, 0], [89.99, 180]]) // prettier-ignore
    expect(await places({ lat: 90, lng: 0, radiusKm: 2 })).toHaveLength(2)
    expect(await places({ lat: 0, lng: 0, radiusKm: 20_038 })).toHaveLength(3)
  })

  it('finds the nearest of more than one answer holds', async () => {
    await db.pool.query(`insert into trips (user_id, role, status, vehicle_type, pickup_lat, pickup_lng)
      select '${BOSCO}', 'driver', 'open', 'moto', ${KIGALI.lat} + (2500 - n) * 0.00001, ${KIGALI.lng} from generate_series(1, 2500) n`)
    const near = await findNearbyDrivers(db.pool, { ...KIGALI, radiusKm: 50, limit: 100 })
    expect(near).toHaveLength(100)
    near.forEach(({ pickup_lat }, n) => expect(pickup_lat).toBeCloseTo(KIGALI.lat + n * 0.00001, 8))
  })

  it('ends where more are in one place than one answer holds', async () => {
    await db.pool.query(`insert into trips (user_id, role, status, pickup_lat, pickup_lng)
      select '${BOSCO}', 'driver', 'open', ${KIGALI.lat}, ${KIGALI.lng} from generate_series(1, 1100) n`)
    expect(await findNearbyDrivers(db.pool, { ...KIGALI, radiusKm: 1 })).toHaveLength(20)
  })

  it('writes the status and the role into the statement, so that the partial index can serve it', async () => {
    await db.pool.query(`create index on trips (role, vehicle_type, pickup_lat, pickup_lng) where status = 'open'`)
    db.forget()
    await findNearbyDrivers(db.pool, { ...KIGALI, radiusKm: 1 })
    expect(db.asked('trips')).toMatch(/"status" = 'open'.*"role" = 'driver'/)
  })

  it('agrees with a look at every place on earth, for circles anywhere', async () => {
    await db.pool.query(`insert into trips (user_id, role, status, pickup_lat, pickup_lng)
      select '${BOSCO}', 'driver', 'open', lat, lng from generate_series(-90, 90, 15) lat, generate_series(-180, 165, 15) lng`)
    const { rows } = await db.pool.query<{ pickup_lat: number; pickup_lng: number }>('select * from trips')
    for (const lat of [-90, -80, -45, 0, 30, 89])
      for (const lng of [-180, -179, -60, 0, 90, 179])
        for (const radiusKm of [100, 1_700, 5_000]) {
          const inside = rows.filter((row) => distanceKm({ lat, lng }, { lat: row.pickup_lat, lng: row.pickup_lng }) <= radiusKm) // prettier-ignore
          const found = await findNearbyDrivers(db.pool, { lat, lng, radiusKm, limit: 100 })
          expect(found.length, JSON.stringify({ lat, lng, radiusKm })).toBe(Math.min(100, inside.length))
        }
  })

  it('asks the function of the database, measures what it gives, and tells its errors', async () => {
    await driver(KIGALI.lat + 0.01, KIGALI.lng)
    await driver(KIGALI.lat + 0.001, KIGALI.lng)
    await db.pool
      .query(`create function find_nearby_drivers(p_lat float8, p_lng float8, p_radius_km float8, p_vehicle_type text, p_limit int)
      returns setof trips language sql as 'select * from trips where p_radius_km > 0.5 order by id limit p_limit'`)
    const found = await findNearbyDrivers(db.pool, { ...KIGALI, radiusKm: 1 })
    expect(found.map(({ distance_km }) => Math.round(distance_km * 1_000))).toEqual([111])
    await db.pool
      .query(`create or replace function find_nearby_drivers(p_lat float8, p_lng float8, p_radius_km float8, p_vehicle_type text, p_limit int)
      returns setof trips language plpgsql as 'begin raise exception ''broken''; end'`)
    await expect(findNearbyDrivers(db.pool, { ...KIGALI, radiusKm: 1 })).rejects.toMatchObject({ code: 'ERR_PERF_QUERY', sqlState: 'P0001' }) // prettier-ignore
    await db.pool.query('drop function find_nearby_drivers')
    expect(await findNearbyDrivers(db.pool, { ...KIGALI, radiusKm: 1 })).toHaveLength(1)
  })

  it.each([
    { radiusKm: -1 },
    { radiusKm: NaN },
    { lat: 91 },
    { lng: '30' },
    { limit: 0 },
    { limit: 101 },
    { radius: 1 },
  ])('refuses %j', async (wrong) => {
    const options = { ...KIGALI, radiusKm: 1, ...wrong } as NearbyOptions
    await expect(findNearbyDrivers(db.pool, options)).rejects.toMatchObject({ code: 'ERR_PERF_OPTION' })
  })
})

describe('query', () => {
  beforeEach(() => db.pool.query(`insert into profiles (user_id, wa_id, full_name) values ($1, '1', 'a'), ($2, '2', 'b')`, [ALINE, BOSCO])) // prettier-ignore

  it('gives data, error and count, by await and by execute', async () => {
    const profiles = query<Profile>(db.pool, 'profiles').select('full_name').orderBy('full_name')
    const all = { data: [{ full_name: 'a' }, { full_name: 'b' }], error: null, count: 2 }
    expect(await profiles.withCount().execute()).toEqual(all)
    expect(await profiles.withCount()).toEqual(all)
    expect(await profiles.eq('wa_id', '2').maybeSingle()).toEqual({ data: { full_name: 'b' }, error: null, count: null }) // prettier-ignore
    const { data, error } = await profiles.or((p) => p.eq('wa_id', '1'), (p) => p.isNull('wa_id')) // prettier-ignore
    expect([data?.length, error]).toEqual([1, null])
    expect((await profiles.exists().execute()).data).toBe(true)
    expect(profiles.toSQL().text).toMatch(/^select "full_name" from "profiles"/)
  })

  it('gives what went wrong as error, and does not reject', async () => {
    const { data, error, count } = await query(db.pool, 'no_such_table')
    expect([data, error?.code, count]).toEqual([null, 'ERR_PERF_STORE_SETUP', null])
    const single = await query(db.pool, 'profiles').single().execute()
    expect([single.data, single.error?.code]).toEqual([null, 'ERR_PERF_QUERY'])
  })

  it('throws for a filter without a value, which must not read everybody’s rows', () => {
    expect(() => query<Profile>(db.pool, 'profiles').eq('user_id', undefined as never)).toThrow(/undefined/)
  })
})
