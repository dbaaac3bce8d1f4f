import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PostgrestClient } from '@supabase/postgrest-js'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { ownSchema, type OwnSchema } from '../../test/servers/index.ts'
import { createHost } from '../core/host.ts'
import { manualClock } from '../testing/index.ts'
import {
  checkDuplicate,
  clearAllCaches,
  configureEasymo,
  getActiveTrip,
  getAllCacheStats,
  getCachedProfile,
  getCachedProfileByPhone,
  getPooledClient,
  getSupabaseClient,
  getWalletBalance,
  invalidateProfileCache,
  resetEasymo,
  type EasymoOptions,
} from './index.ts'

const USER = '00000000-0000-4000-8000-000000000001'
let schema: OwnSchema
let pool: pg.Pool

beforeAll(async () => {
  schema = await ownSchema(inject('postgresUrl'))
  pool = new pg.Pool({ connectionString: schema.url, max: 4 })
  await pool.query(await readFile('examples/node/schema.sql', 'utf8'))
})

beforeEach(async () => {
  resetEasymo()
  await pool.query('truncate profiles, trips, wallets')
})

afterAll(async () => {
  await pool.end()
  await schema.drop()
})

const addProfile = (column: string, value: string): Promise<unknown> =>
  pool.query(`insert into profiles (user_id, ${column}, full_name) values ($1, $2, 'Aline')`, [USER, value])

describe('getCachedProfileByPhone', () => {
  it.each([
    ['wa_id', '250788000001'],
    ['phone_number', '+250788000001'],
    ['phone_number', '250788000001'],
    ['whatsapp_e164', '+250788000001'],
  ])('finds a profile by %s %s, however the number is written', async (column, value) => {
    await addProfile(column, value)
    for (const phone of ['250788000001', '+250788000001', '+250 788 000 001']) {
      clearAllCaches()
      expect(await getCachedProfileByPhone(pool, phone)).toMatchObject({ user_id: USER, full_name: 'Aline' })
    }
  })

  it('asks once for many callers, and not again while the profile is fresh', async () => {
    await addProfile('wa_id', '250788000001')
    await Promise.all(Array.from({ length: 20 }, () => getCachedProfileByPhone(pool, '250788000001')))
    await getCachedProfileByPhone(pool, '+250788000001')
    expect(getAllCacheStats().profile).toMatchObject({ misses: 20, hits: 1 })
  })

  it('rejects when the database does, and asks again at the next call', async () => {
    await pool.query('alter table profiles rename to profiles_away')
    await expect(getCachedProfileByPhone(pool, '250788000001')).rejects.toMatchObject({ code: 'ERR_PERF_STORE_SETUP' })
    await pool.query('alter table profiles_away rename to profiles')
    await addProfile('wa_id', '250788000001')
    expect(await getCachedProfileByPhone(pool, '250788000001')).toMatchObject({ user_id: USER })
  })

  it('remembers a profile that is not there for five seconds only', async () => {
    const clock = manualClock()
    configureEasymo({ host: createHost({ clock }) })
    expect(await getCachedProfileByPhone(pool, '250788000001')).toBeNull()
    await addProfile('wa_id', '250788000001')
    await clock.tick(4_999)
    expect(await getCachedProfileByPhone(pool, '250788000001')).toBeNull()
    await clock.tick(1)
    expect(await getCachedProfileByPhone(pool, '250788000001')).toMatchObject({ user_id: USER })
  })

  it('refuses a number without digits, which would be everybody or nobody', async () => {
    await expect(getCachedProfileByPhone(pool, '+')).rejects.toMatchObject({ code: 'ERR_PERF_OPTION' })
  })
})

it.each([undefined, null, USER])('says that %j is no client, and that there is none', async (client) => {
  const refused: unknown = expect.objectContaining({ code: 'ERR_PERF_OPTION' })
  await expect(getCachedProfile(client as never, USER)).rejects.toThrow(refused)
  expect(() => getPooledClient()).toThrow(refused)
})

it('reads a profile by user, and anew after it was invalidated', async () => {
  await addProfile('wa_id', '250788000001')
  expect(await getCachedProfile(pool, USER)).toMatchObject({ full_name: 'Aline' })
  await pool.query("update profiles set full_name = 'Alice'")
  expect(await getCachedProfile(pool, USER)).toMatchObject({ full_name: 'Aline' })
  invalidateProfileCache(USER)
  expect(await getCachedProfile(pool, USER)).toMatchObject({ full_name: 'Alice' })
})

it('never gives out for one client what was cached for another', async () => {
  await addProfile('wa_id', '250788000001')
  const other = await ownSchema(inject('postgresUrl'))
  const otherPool = new pg.Pool({ connectionString: other.url, max: 1 })
  await otherPool.query(await readFile('examples/node/schema.sql', 'utf8'))
  expect(await getCachedProfile(pool, USER)).not.toBeNull()
  expect(await getCachedProfile(otherPool, USER)).toBeNull()
  await otherPool.end()
  await other.drop()
})

it('never gives out for one project what was cached for another, also by a client of before the change', async () => {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify([{ user_id: USER, full_name: request.url?.split('/')[1] }]))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const home = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const createClient = ((url: string) => new PostgrestClient(url)) as unknown as EasymoOptions['createClient'] & object
  const clientOf = (project: string) => {
    const env = { SUPABASE_URL: `${home}/${project}`, SUPABASE_SERVICE_ROLE_KEY: 'key' }
    configureEasymo({ createClient, env })
    return getSupabaseClient()
  }
  const [one, two] = [clientOf('one'), clientOf('two')]
  expect(await getCachedProfile(one, USER)).toMatchObject({ full_name: 'one' })
  expect(await getCachedProfile(two, USER)).toMatchObject({ full_name: 'two' })
  expect(await getCachedProfile(getPooledClient(), USER)).toBe(await getCachedProfile(two, USER))
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

it('finds the newest trip that is not over', async () => {
  await pool.query(
    `insert into trips (user_id, role, status, created_at) values
       ($1, 'passenger', 'matched', now() - interval '2 hours'), ($1, 'passenger', 'open', now() - interval '1 hour'),
       ($1, 'passenger', 'completed', now())`,
    [USER],
  )
  expect(await getActiveTrip(pool, USER)).toMatchObject({ status: 'open' })
  expect(await getActiveTrip(pool, '00000000-0000-4000-8000-000000000002')).toBeNull()
})

it('reads the balance of a wallet, and 0 where there is none', async () => {
  await pool.query('insert into wallets (user_id, balance) values ($1, 1250.50)', [USER])
  expect(await getWalletBalance(pool, USER)).toBe(1250.5)
  expect(await getWalletBalance(pool, '00000000-0000-4000-8000-000000000002')).toBe(0)
})

it('sees an id twice, and an empty one never', () => {
  expect(checkDuplicate('wamid.1')).toEqual({ isDuplicate: false, key: 'wamid.1' })
  const firstSeenAt: unknown = expect.any(Number)
  expect(checkDuplicate('wamid.1')).toEqual({ isDuplicate: true, key: 'wamid.1', firstSeenAt })
  expect(checkDuplicate('')).toEqual({ isDuplicate: false, key: '' })
  expect(checkDuplicate('')).toEqual({ isDuplicate: false, key: '' })
})
