import { PGlite } from '@electric-sql/pglite'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { easymoDatabase, type EasymoDatabase } from '../../test/support/easymo-database.ts'
import { createHost } from '../core/host.ts'
import { manualClock } from '../testing/index.ts'
import {
  cleanupAllCaches,
  configCache,
  configureEasymo,
  getAllCacheStats,
  getCachedAppConfig,
  getCachedLocation,
  getCachedProfile,
  getCachedProfileByPhone,
  getCachedState,
  invalidateConfigCache,
  invalidateLocationCache,
  invalidateProfileCache,
  invalidateStateCache,
  locationCache,
  profileCache,
  resetEasymo,
  setCachedLocation,
  stateCache,
} from './index.ts'

const ALINE = '00000000-0000-4000-8000-000000000001'
const BOSCO = '00000000-0000-4000-8000-000000000002'
let db: EasymoDatabase

beforeAll(async () => (db = await easymoDatabase()))
afterAll(() => db.drop())
beforeEach(async () => {
  resetEasymo()
  await db.empty()
  db.forget()
})

type End = Date | string | null

const addState = (userId: string, key: string, [expiresAt, step]: readonly [End, step?: string]): Promise<unknown> =>
  db.pool.query('insert into user_state (user_id, key, data, expires_at) values ($1, $2, $3, $4)', [
    userId,
    key,
    { step: step ?? key },
    expiresAt,
  ])

describe('getCachedState', () => {
  it('gives the state of this user under this key, and remembers it for 30 seconds', async () => {
    const clock = manualClock(Date.now())
    configureEasymo({ host: createHost({ clock }) })
    await addState(ALINE, 'ride', [null])
    await addState(ALINE, 'insurance', [null])
    await addState(BOSCO, 'ride', [null, 'his'])
    expect(await getCachedState(db.pool, ALINE, 'ride')).toMatchObject({ user_id: ALINE, data: { step: 'ride' } })
    expect(await getCachedState(db.pool, ALINE, 'insurance')).toMatchObject({ data: { step: 'insurance' } })
    expect(await getCachedState(db.pool, BOSCO, 'ride')).toMatchObject({ data: { step: 'his' } })
    await clock.tick(29_999)
    await getCachedState(db.pool, ALINE, 'ride')
    expect(db.reads('user_state')).toBe(3)
    await clock.tick(1)
    await getCachedState(db.pool, ALINE, 'ride')
    expect(db.reads('user_state')).toBe(4)
  })

  it('never gives a state that has expired, also within its time in the cache', async () => {
    const clock = manualClock(Date.now())
    configureEasymo({ host: createHost({ clock }) })
    await addState(ALINE, 'ride', [new Date(clock.now() + 5_000)])
    expect(await getCachedState(db.pool, ALINE, 'ride')).not.toBeNull()
    await clock.tick(4_999)
    expect(await getCachedState(db.pool, ALINE, 'ride')).not.toBeNull()
    await clock.tick(1)
    expect(await getCachedState(db.pool, ALINE, 'ride')).toBeNull()
  })

  it('goes by the wall clock: a process that was frozen finds the row over, and the new one', async () => {
    const clock = manualClock(Date.now())
    configureEasymo({ host: createHost({ clock }) })
    await addState(ALINE, 'ride', [new Date(clock.now() + 5_000)])
    expect(await getCachedState(db.pool, ALINE, 'ride')).not.toBeNull()
    clock.set(clock.now() + 6_000)
    await db.pool.query(`update user_state set data = '{"step":"new"}', expires_at = null`)
    expect(await getCachedState(db.pool, ALINE, 'ride')).toMatchObject({ data: { step: 'new' } })
  })

  it('without a key, gives the state that lasts longest: one without an end before all others', async () => {
    await addState(ALINE, 'over', [new Date(Date.now() - 1_000)])
    expect(await getCachedState(db.pool, ALINE)).toBeNull()
    await addState(ALINE, 'short', [new Date(Date.now() + 10_000)])
    await addState(ALINE, 'long', [new Date(Date.now() + 60_000)])
    expect(await getCachedState(db.pool, ALINE)).toMatchObject({ key: 'long' })
    await addState(ALINE, 'forever', [null])
    invalidateStateCache(ALINE)
    expect(await getCachedState(db.pool, ALINE)).toMatchObject({ key: 'forever' })
  })

  it('takes an end at infinity for no end, and one at -infinity for over', async () => {
    await addState(ALINE, 'on', ['infinity'])
    await addState(ALINE, 'off', ['-infinity'])
    expect(await getCachedState(db.pool, ALINE, 'on')).toMatchObject({ key: 'on' })
    expect(await getCachedState(db.pool, ALINE, 'off')).toBeNull()
  })

  it('does so too over a driver that makes an invalid date of both', async () => {
    const pglite = new PGlite()
    await pglite.exec(`create table user_state (user_id uuid, key text, data jsonb, expires_at timestamptz);
      insert into user_state values ('${ALINE}', 'on', '{}', 'infinity'), ('${BOSCO}', 'off', '{}', '-infinity')`)
    expect(await getCachedState(pglite, ALINE)).toMatchObject({ key: 'on' })
    expect(await getCachedState(pglite, BOSCO)).toBeNull()
    await pglite.close()
  })

  it('does not remember that there is none: the service is about to write one', async () => {
    expect(await getCachedState(db.pool, ALINE, 'ride')).toBeNull()
    await addState(ALINE, 'ride', [null])
    expect(await getCachedState(db.pool, ALINE, 'ride')).not.toBeNull()
  })

  it('reads anew what was invalidated, of this user alone', async () => {
    await addState(ALINE, 'ride', [null])
    await addState(BOSCO, 'ride', [null])
    await getCachedState(db.pool, ALINE, 'ride')
    await getCachedState(db.pool, ALINE)
    await getCachedState(db.pool, BOSCO, 'ride')
    await db.pool.query(`update user_state set data = '{"step":"next"}'`)
    invalidateStateCache(ALINE)
    expect(await getCachedState(db.pool, ALINE, 'ride')).toMatchObject({ data: { step: 'next' } })
    expect(await getCachedState(db.pool, ALINE)).toMatchObject({ data: { step: 'next' } })
    expect(await getCachedState(db.pool, BOSCO, 'ride')).toMatchObject({ data: { step: 'ride' } })
    invalidateStateCache(BOSCO)
    expect(await getCachedState(db.pool, BOSCO, 'ride')).toMatchObject({ data: { step: 'next' } })
  })

  it('rejects when the database does', async () => {
    await db.pool.query('alter table user_state rename to user_state_away')
    await expect(getCachedState(db.pool, ALINE, 'ride')).rejects.toMatchObject({ code: 'ERR_PERF_STORE_SETUP' })
    await db.pool.query('alter table user_state_away rename to user_state')
    expect(await getCachedState(db.pool, ALINE, 'ride')).toBeNull()
  })

  it('reads once for many callers', async () => {
    await addState(ALINE, 'ride', [null])
    await Promise.all(Array.from({ length: 20 }, () => getCachedState(db.pool, ALINE, 'ride')))
    expect(db.reads('user_state')).toBe(1)
  })
})

describe('keys', () => {
  it('of one user can never be taken for those of another, whatever stands in them', async () => {
    await db.pool.query('alter table user_state alter user_id type text')
    const all = [
      ['a', 'b:c'],
      ['a:b', 'c'],
      ['a","b', 'c'],
      ['a', 'b","c'],
      ['own:a', 'b'],
    ] as const
    for (const [user, key] of all) await addState(user, key, [null, `${user} ${key}`])
    for (let round = 0; round < 2; round += 1)
      for (const [user, key] of all)
        expect(await getCachedState(db.pool, user, key)).toMatchObject({ user_id: user, data: { step: `${user} ${key}` } }) // prettier-ignore
    await db.empty()
    await db.pool.query('alter table user_state alter user_id type uuid using user_id::uuid')
  })

  it('of a service cannot name what the accessors keep, nor the other way round', async () => {
    await db.pool.query(`insert into profiles (user_id, wa_id) values ($1, '250788000001')`, [ALINE])
    await getCachedProfile(db.pool, ALINE)
    for (const key of [`[1,"id","${ALINE}"]`, ALINE, `id:${ALINE}`]) expect(profileCache.get(key)).toBeUndefined()
    profileCache.set(`[1,"id","${BOSCO}"]`, { user_id: ALINE })
    expect(await getCachedProfile(db.pool, BOSCO)).toBeNull()
  })
})

describe('getCachedAppConfig', () => {
  const set = (key: string, value: unknown, active = true): Promise<unknown> =>
    db.pool.query('insert into app_config values ($1, $2, $3)', [key, JSON.stringify(value), active])

  it('gives the active settings by key, for 10 minutes', async () => {
    const clock = manualClock()
    configureEasymo({ host: createHost({ clock }) })
    expect(await getCachedAppConfig(db.pool)).toEqual({})
    invalidateConfigCache()
    await set('fares', { base: 500 })
    await set('__proto__', 1)
    await set('old', 1, false)
    expect(Object.entries(await getCachedAppConfig(db.pool))).toEqual([['__proto__', 1], ['fares', { base: 500 }]]) // prettier-ignore
    await clock.tick(599_999)
    await getCachedAppConfig(db.pool)
    expect(db.reads('app_config')).toBe(2)
    await clock.tick(1)
    await getCachedAppConfig(db.pool)
    expect(db.reads('app_config')).toBe(3)
  })

  it('reads anew what was invalidated, also more than one answer of the database holds', async () => {
    await db.pool.query(`insert into app_config select 'k' || n, to_jsonb(n) from generate_series(1, 2500) n`)
    expect(Object.keys(await getCachedAppConfig(db.pool))).toHaveLength(2_500)
    await db.pool.query("update app_config set value = '0'")
    expect(await getCachedAppConfig(db.pool)).toMatchObject({ k1: 1 })
    invalidateConfigCache()
    expect(await getCachedAppConfig(db.pool)).toMatchObject({ k1: 0 })
  })

  it('rejects when the database does, and does not go without settings for 10 minutes', async () => {
    await set('fares', 1)
    await db.pool.query('alter table app_config rename to app_config_away')
    await expect(getCachedAppConfig(db.pool)).rejects.toMatchObject({ code: 'ERR_PERF_STORE_SETUP' })
    await db.pool.query('alter table app_config_away rename to app_config')
    expect(await getCachedAppConfig(db.pool)).toEqual({ fares: 1 })
  })
})

describe('locations', () => {
  it('are remembered for 30 minutes, by user, with the moment', async () => {
    const clock = manualClock(Date.parse('2026-01-01T00:00:00Z'))
    configureEasymo({ host: createHost({ clock }) })
    setCachedLocation(ALINE, { lat: -1.95, lng: 30.06 })
    const capturedAt = '2026-01-01T00:00:00.000Z'
    expect(await getCachedLocation(db.pool, ALINE)).toEqual({ lat: -1.95, lng: 30.06, capturedAt })
    expect(await getCachedLocation(db.pool, BOSCO)).toBeNull()
    await clock.tick(1_800_000)
    expect(await getCachedLocation(db.pool, ALINE)).toBeNull()
    setCachedLocation(ALINE, { lat: 0, lng: 0 })
    invalidateLocationCache(ALINE)
    expect(await getCachedLocation(db.pool, ALINE)).toBeNull()
  })

  it.each([{ lat: 91, lng: 0 }, { lat: 0, lng: NaN }, { lng: 1 }, null])('refuse %j, which is no place', (place) => {
    expect(() => setCachedLocation(ALINE, place as never)).toThrow(expect.objectContaining({ code: 'ERR_PERF_OPTION' }))
  })
})

describe('invalidateProfileCache', () => {
  it('drops that there was none, by user and by phone, for all clients', async () => {
    expect(await getCachedProfile(db.pool, ALINE)).toBeNull()
    expect(await getCachedProfileByPhone(db.pool, '250788000001')).toBeNull()
    await db.pool.query(`insert into profiles (user_id, wa_id) values ($1, '250788000001')`, [ALINE])
    expect(await getCachedProfile(db.pool, ALINE)).toBeNull()
    invalidateProfileCache(ALINE)
    expect(await getCachedProfile(db.pool, ALINE)).not.toBeNull()
    expect(await getCachedProfileByPhone(db.pool, '250788000001')).toBeNull()
    invalidateProfileCache('+250 788 000 001')
    expect(await getCachedProfileByPhone(db.pool, '250788000001')).not.toBeNull()
  })

  it('by user drops what is known under the phone numbers, too, and by phone what is known under the user', async () => {
    await db.pool.query(`insert into profiles (user_id, wa_id, full_name) values ($1, '250788000001', 'a')`, [ALINE])
    const names = async (): Promise<unknown[]> => [
      (await getCachedProfile(db.pool, ALINE))?.full_name,
      (await getCachedProfileByPhone(db.pool, '250788000001'))?.full_name,
    ]
    expect(await names()).toEqual(['a', 'a'])
    await db.pool.query("update profiles set full_name = 'b'")
    invalidateProfileCache(ALINE)
    expect(await names()).toEqual(['b', 'b'])
    await db.pool.query("update profiles set full_name = 'c'")
    invalidateProfileCache('+250788000001')
    expect(await names()).toEqual(['c', 'c'])
  })

  it('by phone finds it where nobody has asked by phone', async () => {
    await db.pool.query(`insert into profiles (user_id, phone_number, full_name) values ($1, '+250788000001', 'a')`, [ALINE]) // prettier-ignore
    expect(await getCachedProfile(db.pool, ALINE)).toMatchObject({ full_name: 'a' })
    await db.pool.query("update profiles set full_name = 'b'")
    invalidateProfileCache('250788000002')
    expect(await getCachedProfile(db.pool, ALINE)).toMatchObject({ full_name: 'a' })
    invalidateProfileCache('250788000001')
    expect(await getCachedProfile(db.pool, ALINE)).toMatchObject({ full_name: 'b' })
  })
})

it('takes times to live from the environment, in milliseconds, and refuses what is no number without repeating it', async () => {
  const clock = manualClock()
  configureEasymo({ host: createHost({ clock }), env: { CACHE_TTL_LOCATION: '1000', CACHE_TTL_PROFILE: '5m-secret' } })
  setCachedLocation(ALINE, { lat: 0, lng: 0 })
  await clock.tick(1_000)
  expect(await getCachedLocation(db.pool, ALINE)).toBeNull()
  const refused = getCachedProfile(db.pool, ALINE)
  await expect(refused).rejects.toMatchObject({ code: 'ERR_PERF_OPTION' })
  await expect(refused).rejects.not.toThrow(/secret/)
})

it('has caches for the service’s own values, which count and clean up with the rest', async () => {
  const clock = manualClock()
  configureEasymo({ host: createHost({ clock }) })
  expect(await configCache.getOrSet('k', () => 'v')).toBe('v')
  expect(await configCache.getOrSet('k', () => 'w')).toBe('v')
  locationCache.set('here', { lat: 1, lng: 1 })
  stateCache.set('s', null, 5)
  expect([locationCache.has('here'), stateCache.has('s'), configCache.delete('n')]).toEqual([true, true, false])
  expect(configCache.keys()).toEqual(['k'])
  expect(getAllCacheStats().config).toEqual({ size: 1, hits: 1, misses: 1, hitRate: 0.5, evictions: 0 })
  await clock.tick(600_000)
  expect(cleanupAllCaches()).toEqual({ total: 2 })
  expect([getAllCacheStats().config.size, getAllCacheStats().location.size]).toEqual([0, 1])
})
