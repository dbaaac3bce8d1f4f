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
  type EasymoQuery,
  type NearbyOptions,
  type Position,
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

it('reads profiles from the cache, and as they are now where that is asked for, in these fields alone', async () => {
  await db.pool.query(`insert into profiles (user_id, whatsapp_e164, full_name) values ($1, '+250788000001', 'a')`, [ALINE]) // prettier-ignore
  expect(await getProfileById(db.pool, ALINE)).toMatchObject({ full_name: 'a' })
  await db.pool.query("update profiles set full_name = 'b'")
  expect(await getProfileById(db.pool, ALINE)).toMatchObject({ full_name: 'a' })
  expect(await getProfileById(db.pool, ALINE, { useCache: false, fields: 'user_id, full_name' })).toEqual({
    user_id: ALINE,
    full_name: 'b',
  })
  expect(await getProfileByPhone(db.pool, '250 788 000 001', { fields: 'full_name' })).toEqual({ full_name: 'b' })
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

it('finds the newest lead of a number of the last 15 minutes, however it is written on either side', async () => {
  await db.pool.query(`insert into insurance_leads (whatsapp, status, created_at) values
    ('250788000001', 'old', now() - interval '16 minutes'), ('+250788000001', 'new', now() - interval '14 minutes'),
    ('250788000002', 'other', now()), ('250788000004', 'old', now() - interval '16 minutes')`)
  for (const whatsapp of ['+250788000001', '250788000001'])
    expect(await getRecentInsuranceLead(db.pool, whatsapp)).toMatchObject({ status: 'new' })
  expect(await getRecentInsuranceLead(db.pool, '250788000001', 1)).toBeNull()
  expect(await getRecentInsuranceLead(db.pool, '250788000004')).toBeNull()
  expect(await getRecentInsuranceLead(db.pool, '250788000004', 60)).toMatchObject({ status: 'old' })
  await expect(getRecentInsuranceLead(db.pool, '')).rejects.toMatchObject({ code: 'ERR_PERF_OPTION' })
})

it('lists the claims of a number, the ten newest first, or as many as are asked for', async () => {
  await db.pool.query(`insert into insurance_claims (whatsapp, status, submitted_at)
    select '+250788000001', n::text, now() - n * interval '1 hour' from generate_series(1, 12) n
    union all select '250788000002', 'other', now()`)
  const claims = await getUserClaims(db.pool, '250788000001')
  expect(claims.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, (_, n) => `${n + 1}`))
  expect(await getUserClaims(db.pool, '+250788000001', { limit: 2 })).toEqual(claims.slice(0, 2))
  expect(await getUserClaims(db.pool, '250788000001', { limit: 100 })).toHaveLength(12)
})

it('pages through transactions that came in the same moment, and shows each once', async () => {
  await db.pool.query(`insert into wallet_transactions (user_id, type, amount, status, created_at)
    select '${ALINE}', 'topup', n + 0.25, 'done', '2026-01-01' from generate_series(1, 15) n`)
  await db.pool.query(`insert into wallet_transactions (user_id, type, amount, status) values ($1, 'x', 99, 'done')`, [BOSCO]) // prettier-ignore
  expect(await getTransactionHistory(db.pool, ALINE)).toHaveLength(10)
  const amounts: number[] = []
  for (let offset = 0; offset < 15; offset += 4)
    amounts.push(...(await getTransactionHistory(db.pool, ALINE, { limit: 4, offset })).map(({ amount }) => amount))
  expect(amounts.sort((a, b) => a - b)).toEqual(Array.from({ length: 15 }, (_, n) => n + 1.25))
})

describe('findNearbyDrivers', () => {
  const driver = (lat: number, lng: number, more: Readonly<Record<string, string>> = {}): Promise<unknown> => {
    const { role = 'driver', status = 'open', vehicle = 'moto' } = more
    return db.pool.query(`insert into trips (user_id, role, status, vehicle_type, pickup_lat, pickup_lng) values ($1, $2, $3, $4, $5, $6)`, [BOSCO, role, status, vehicle, lat, lng]) // prettier-ignore
  }
  const places = async (place: Position, options: NearbyOptions): Promise<unknown[]> =>
    (await findNearbyDrivers(db.pool, place, options)).map(({ pickup_lat, pickup_lng }) => [pickup_lat, pickup_lng])

  it('gives drivers with an open trip within the radius, nearest first, with the true distance', async () => {
    await driver(-1.9541, 30.0619)
    await driver(-1.9451, 30.0619)
    await driver(-1.9451, 30.0619, { role: 'passenger' })
    await driver(-1.9451, 30.0619, { status: 'matched' })
    // In the corner of the box around 5 km, and 6.9 km away.
    await driver(-1.988, 30.106)
    const near = await findNearbyDrivers(db.pool, KIGALI, { radiusKm: 5 })
    expect(near.map(({ distance_km }) => Math.round(distance_km * 1_000))).toEqual([111, 1_112])
    expect(await findNearbyDrivers(db.pool, KIGALI, { radiusKm: 7 })).toHaveLength(3)
    expect(await findNearbyDrivers(db.pool, KIGALI, { radiusKm: 0.05 })).toHaveLength(0)
  })

  it('gives trips of the last 30 days, or of as many as are asked for, and 9 within 15 km', async () => {
    for (let n = 1; n <= 12; n += 1) await driver(KIGALI.lat + n / 100, KIGALI.lng)
    expect(await findNearbyDrivers(db.pool, KIGALI)).toHaveLength(9)
    await db.pool.query("update trips set created_at = now() - interval '31 days' where pickup_lat < -1.9")
    expect(await findNearbyDrivers(db.pool, KIGALI, { limit: 20 })).toHaveLength(8)
    expect(await findNearbyDrivers(db.pool, KIGALI, { limit: 20, windowDays: 40 })).toHaveLength(12)
    const [nearest] = await findNearbyDrivers(db.pool, KIGALI)
    expect(nearest?.distance).toBe(nearest?.distance_km)
  })

  it('gives only the vehicles asked for, and the nearest so many', async () => {
    for (let n = 1; n <= 5; n += 1) await driver(KIGALI.lat + n / 1_000, KIGALI.lng, { vehicle: n % 2 === 0 ? 'car' : 'moto' }) // prettier-ignore
    expect(await findNearbyDrivers(db.pool, KIGALI, { radiusKm: 5, vehicleType: 'car' })).toHaveLength(2)
    const [nearest] = await findNearbyDrivers(db.pool, KIGALI, { radiusKm: 5, limit: 1 })
    expect(nearest?.pickup_lat).toBeCloseTo(KIGALI.lat + 0.001)
  })

  it('looks across the antimeridian, from either side', async () => {
    await driver(-17, 179.99)
    await driver(-17, -179.99)
    await driver(-17, 0)
    expect(await places({ lat: -17, lng: 179.98 }, { radiusKm: 5 })).toEqual([[-17, 179.99], [-17, -179.99]]) // prettier-ignore
    expect(await places({ lat: -17, lng: -180 }, { radiusKm: 5 })).toHaveLength(2)
    expect(await places({ lat: -17, lng: 180 }, { radiusKm: 5 })).toHaveLength(2)
  })

  it('looks across a pole, where every longitude is near', async () => {
    await driver(89.99, 0)
    await driver(89.99, 180)
    await driver(-89.99, 0)
    expect(await places({ lat: 89.99, lng: 0 }, { radiusKm: 3 })).toEqual([[89.99, 0], [89.99, 180]]) // prettier-ignore
    expect(await places({ lat: 90, lng: 0 }, { radiusKm: 2 })).toHaveLength(2)
    expect(await places({ lat: 0, lng: 0 }, { radiusKm: 20_038 })).toHaveLength(3)
  })

  it('finds the nearest of more than one answer holds', async () => {
    await db.pool.query(`insert into trips (user_id, role, status, vehicle_type, pickup_lat, pickup_lng)
      select '${BOSCO}', 'driver', 'open', 'moto', ${KIGALI.lat} + (2500 - n) * 0.00001, ${KIGALI.lng} from generate_series(1, 2500) n`)
    const near = await findNearbyDrivers(db.pool, KIGALI, { radiusKm: 50, limit: 100 })
    expect(near).toHaveLength(100)
    near.forEach(({ pickup_lat }, n) => expect(pickup_lat).toBeCloseTo(KIGALI.lat + n * 0.00001, 8))
  })

  it('ends where more are in one place than one answer holds', async () => {
    await db.pool.query(`insert into trips (user_id, role, status, pickup_lat, pickup_lng)
      select '${BOSCO}', 'driver', 'open', ${KIGALI.lat}, ${KIGALI.lng} from generate_series(1, 1100) n`)
    expect(await findNearbyDrivers(db.pool, KIGALI, { radiusKm: 1 })).toHaveLength(9)
  })

  it('writes the status and the role into the statement, so that the partial index can serve it', async () => {
    await db.pool.query(`create index on trips (role, vehicle_type, pickup_lat, pickup_lng) where status = 'open'`)
    db.forget()
    await findNearbyDrivers(db.pool, KIGALI, { radiusKm: 1 })
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
          const found = await findNearbyDrivers(db.pool, { lat, lng }, { radiusKm, limit: 100 })
          expect(found.length, JSON.stringify({ lat, lng, radiusKm })).toBe(Math.min(100, inside.length))
        }
  })

  it('asks the function of the database, measures what it gives, and tells its errors', async () => {
    await driver(KIGALI.lat + 0.01, KIGALI.lng)
    await driver(KIGALI.lat + 0.001, KIGALI.lng)
    await db.pool
      .query(`create function find_nearby_drivers(p_lat float8, p_lng float8, p_radius_km float8, p_vehicle_type text, p_limit int, p_window_start timestamptz)
      returns setof trips language sql as 'select * from trips where p_radius_km > 0.5 order by id limit p_limit'`)
    const found = await findNearbyDrivers(db.pool, KIGALI, { radiusKm: 1 })
    expect(found.map(({ distance_km }) => Math.round(distance_km * 1_000))).toEqual([111])
    await db.pool
      .query(`create or replace function find_nearby_drivers(p_lat float8, p_lng float8, p_radius_km float8, p_vehicle_type text, p_limit int, p_window_start timestamptz)
      returns setof trips language plpgsql as 'begin raise exception ''broken''; end'`)
    await expect(findNearbyDrivers(db.pool, KIGALI, { radiusKm: 1 })).rejects.toMatchObject({ code: 'ERR_PERF_QUERY', sqlState: 'P0001' }) // prettier-ignore
    await db.pool.query('drop function find_nearby_drivers')
    expect(await findNearbyDrivers(db.pool, KIGALI, { radiusKm: 1 })).toHaveLength(1)
  })

  it.each([
    { radiusKm: -1 },
    { radiusKm: NaN },
    { lat: 91 },
    { lng: '30' },
    { limit: 0 },
    { limit: 101 },
    { radius: 1 },
    { windowDays: -1 },
  ])('refuses %j', async (wrong) => {
    const { lat, lng, ...options } = { ...KIGALI, radiusKm: 1, ...wrong } as Position & NearbyOptions
    await expect(findNearbyDrivers(db.pool, { lat, lng }, options)).rejects.toMatchObject({ code: 'ERR_PERF_OPTION' })
  })
})

describe('query', () => {
  beforeEach(() => db.pool.query(`insert into profiles (user_id, wa_id, full_name) values ($1, '1', 'a'), ($2, '2', 'b')`, [ALINE, BOSCO])) // prettier-ignore

  it('gives data, error and count', async () => {
    const profiles = query(db.pool, 'profiles').select('full_name').in('wa_id', ['1', '2', '3'])
    expect(await profiles.orderBy('full_name').execute()).toEqual({ data: [{ full_name: 'b' }, { full_name: 'a' }], error: null }) // prettier-ignore
    expect(await profiles.withCount().limit(1).execute()).toEqual({ data: [{ full_name: 'b' }], error: null, count: 2 })
    const page = query<Profile>(db.pool, 'profiles').orderBy('wa_id', 'asc').paginate({ page: 2, pageSize: 1 })
    expect(await page.execute()).toMatchObject({ data: [{ full_name: 'b' }], error: null, count: 2 })
  })

  it('changes with every method, so that a filter holds whose result nobody took', async () => {
    const profiles = query(db.pool, 'profiles')
    profiles.eq('wa_id', '2')
    expect((await profiles.execute()).data).toMatchObject([{ full_name: 'b' }])
  })

  it.each<[string, (one: EasymoQuery) => EasymoQuery, string[]]>([
    ['neq', (one) => one.neq('wa_id', '1'), ['b']],
    ['gt', (one) => one.gt('wa_id', '1'), ['b']],
    ['gte', (one) => one.gte('wa_id', '1'), ['a', 'b']],
    ['lt', (one) => one.lt('wa_id', '2'), ['a']],
    ['lte', (one) => one.lte('wa_id', '2'), ['a', 'b']],
    ['like', (one) => one.like('full_name', 'A%'), []],
    ['ilike', (one) => one.ilike('full_name', 'A%'), ['a']],
    ['isNull', (one) => one.isNull('language'), ['a', 'b']],
    ['isNotNull', (one) => one.isNotNull('language'), []],
    ['offset', (one) => one.offset(1), ['b']],
    ['or, by text', (one) => one.or('wa_id.eq.1,language.not.is.null'), ['a']],
    ['or, by quoted text', (one) => one.or('full_name.eq."a,b",wa_id.in.(2,"3")'), ['b']],
    ['or, by functions', (one) => one.or((row) => row.eq('wa_id', '1'), (row) => row.eq('wa_id', '2')), ['a', 'b']], // prettier-ignore
  ])('has %s', async (_, filtered, names) => {
    const { data } = await filtered(query(db.pool, 'profiles')).orderBy('full_name', 'asc').execute()
    expect(data?.map(({ full_name }) => full_name)).toEqual(names)
  })

  it.each([
    '',
    'wa_id',
    'wa_id.eq.(1)',
    'wa_id.eq.1,',
    'wa_id.eq.1;x',
    'wa_id.drop.1',
    'and(a.eq.1)',
    'a.is.1',
    'a.in.1',
  ])('refuses the text %j for or, without repeating it', (text) => {
    expect(() => query(db.pool, 'profiles').or(text)).toThrow(expect.objectContaining({ code: 'ERR_PERF_OPTION' }))
  })

  it('gives what went wrong as error, and does not reject', async () => {
    const { data, error, count } = await query(db.pool, 'no_such_table').execute()
    expect([data, error?.code, count]).toEqual([null, 'ERR_PERF_STORE_SETUP', undefined])
    expect(await query(db.pool, 'no_such_table').single()).toMatchObject({ data: null, error: { code: 'ERR_PERF_STORE_SETUP' } }) // prettier-ignore
  })

  it('gives the first row for single, and null for none, as no error', async () => {
    const one = query<Profile>(db.pool, 'profiles').select('full_name').orderBy('full_name')
    expect(await one.single()).toEqual({ data: { full_name: 'b' }, error: null })
    expect(await query(db.pool, 'profiles').eq('wa_id', '9').single()).toEqual({ data: null, error: null })
  })

  it('throws for a filter without a value, which must not read everybody’s rows', () => {
    expect(() => query<Profile>(db.pool, 'profiles').eq('user_id', undefined as never)).toThrow(/undefined/)
  })
})
