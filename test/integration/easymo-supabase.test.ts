import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { PostgrestClient } from '@supabase/postgrest-js'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createHost } from '../../src/core/host.ts'
import { manualClock } from '../../src/testing/index.ts'
import {
  configureEasymo,
  findNearbyDrivers,
  getActiveTrip,
  getCachedAppConfig,
  getCachedProfile,
  getCachedProfileByPhone,
  getCachedState,
  getTransactionHistory,
  query,
  resetEasymo,
} from '../../src/easymo/index.ts'

const USER = '00000000-0000-4000-8000-000000000001'
/** What really went over the wire. */
const recorded: { readonly method: string | undefined; readonly url: string; readonly body: string }[] = []
let answer: (response: ServerResponse, url: string) => void
let server: Server
let client: PostgrestClient

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))

beforeAll(async () => {
  server = createServer((request, response) => {
    void text(request).then((body) => {
      recorded.push({ method: request.method, url: decodeURIComponent(request.url ?? ''), body })
      answer(response, request.url ?? '')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})

beforeEach(() => {
  resetEasymo()
  recorded.length = 0
  answer = json(200, [])
  client = new PostgrestClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})

afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const lastUrl = (): string => recorded.at(-1)?.url ?? ''

/** The condition, in either of the forms that it has in an address. */
const where = (column: string, value: string): RegExp =>
  new RegExp(`[?&(,]${column}(?:=|\\.)eq\\."?${value}"?(?:[&,)]|$)`)

it('asks for a phone number in all three columns, quoted, so that its text is nothing but a number', async () => {
  answer = json(200, [{ user_id: USER, wa_id: '250788000001' }])
  expect(await getCachedProfileByPhone(client, '+250 788,000)001')).toMatchObject({ user_id: USER })
  const columns = ['wa_id', 'whatsapp_e164', 'phone_number']
  const both = columns.map((column) => `${column}.in.("250788000001","+250788000001")`).join(',')
  expect(lastUrl()).toContain(`or(${both})`)
})

it.each([
  { what: 'an outage', status: 503, body: {}, code: 'ERR_PERF_STORE_UNAVAILABLE' },
  { what: 'a missing table', status: 404, body: { code: 'PGRST205', message: 'x' }, code: 'ERR_PERF_STORE_SETUP' },
  { what: 'a refused key', status: 401, body: { code: 'PGRST301', message: 'x' }, code: 'ERR_PERF_STORE_SETUP' },
  { what: 'a refused query', status: 400, body: { code: '22P02', message: 'x' }, code: 'ERR_PERF_QUERY' },
])('rejects after $what, and does not remember it as no profile', async ({ status, body, code }) => {
  answer = json(status, body)
  await expect(getCachedProfile(client, USER)).rejects.toMatchObject({ code })
  expect((await query(client, 'profiles').execute()).error).toMatchObject({ code })
  answer = json(200, [{ user_id: USER }])
  expect(await getCachedProfile(client, USER)).toMatchObject({ user_id: USER })
})

it('asks once for many callers, and keeps apart what two clients see', async () => {
  answer = json(200, [{ user_id: USER, full_name: 'a' }])
  await Promise.all(Array.from({ length: 20 }, () => getCachedProfile(client, USER)))
  expect(recorded).toHaveLength(1)
  const other = new PostgrestClient(client.url, { headers: { authorization: 'Bearer of-a-user' } })
  answer = json(200, [])
  expect(await getCachedProfile(other, USER)).toBeNull()
  expect(await getCachedProfile(client, USER)).toMatchObject({ full_name: 'a' })
})

it.each([
  '2026-01-01T00:00:10+00:00',
  '2026-01-01T00:00:10.000000+00:00',
  '2026-01-01T02:00:10+02:00',
  '2026-01-01 00:00:10+00',
  '2026-01-01T00:00:10',
])('never gives a state after its end, written as %s', async (expires_at) => {
  const clock = manualClock(Date.parse('2026-01-01T00:00:00Z'))
  configureEasymo({ host: createHost({ clock }) })
  answer = json(200, [{ user_id: USER, key: 'ride', data: {}, expires_at }])
  expect(await getCachedState(client, USER, 'ride')).not.toBeNull()
  for (const condition of [where('user_id', USER), where('key', 'ride')]) expect(lastUrl()).toMatch(condition)
  await clock.tick(9_999)
  expect(await getCachedState(client, USER, 'ride')).not.toBeNull()
  await clock.tick(1)
  expect(await getCachedState(client, USER, 'ride')).toBeNull()
  expect(recorded).toHaveLength(2)
})

it('gives no state whose end nobody can read', async () => {
  answer = json(200, [{ user_id: USER, key: 'ride', data: {}, expires_at: 'soon' }])
  expect(await getCachedState(client, USER, 'ride')).toBeNull()
})

it('asks for active settings, active trips and counted pages', async () => {
  answer = json(200, [{ key: 'fares', value: { base: 500 } }])
  expect(await getCachedAppConfig(client)).toEqual({ fares: { base: 500 } })
  for (const condition of [/select="?key"?,"?value/, /active(?:=|\.)(?:eq|is)\."?true/])
    expect(lastUrl()).toMatch(condition)
  answer = json(200, [])
  await getActiveTrip(client, USER)
  expect(recorded.at(-1)?.url).toContain('in.("open","matched","started","arrived","picked_up","in_progress")')
  answer = json(200, [{ amount: 1.5 }])
  expect(await getTransactionHistory(client, USER, { limit: 1, offset: 2 })).toMatchObject([{ amount: 1.5 }])
  expect(lastUrl()).toMatch(/limit=1(?:&|$)/)
})

describe('findNearbyDrivers', () => {
  const place = { lat: -1.9441, lng: 30.0619 }
  const near = { radiusKm: 5 }
  const trip = { id: 1, role: 'driver', status: 'open', pickup_lat: -1.9451, pickup_lng: 30.0619 }

  it('asks the function of the database, by name and parameters', async () => {
    answer = json(200, [trip])
    expect(await findNearbyDrivers(client, place, { ...near, vehicleType: 'moto', limit: 3 })).toMatchObject([
      { id: 1 },
    ])
    expect(recorded).toHaveLength(1)
    expect(recorded[0]).toMatchObject({ method: 'POST', url: '/rpc/find_nearby_drivers' })
    const args = { p_lat: -1.9441, p_lng: 30.0619, p_radius_km: 5, p_vehicle_type: 'moto', p_limit: 3 }
    const p_window_start: unknown = expect.stringMatching(/^\d{4}-.*Z$/)
    expect(JSON.parse(recorded[0]?.body ?? '')).toEqual({ ...args, p_window_start })
  })

  it.each(['PGRST202', '42883'])(
    'looks in a box where there is none (%s), and does not ask again for a while',
    async (code) => {
      answer = (response, url) =>
        (url.startsWith('/rpc') ? json(404, { code, message: 'x' }) : json(200, [trip]))(response)
      expect(await findNearbyDrivers(client, place, near)).toMatchObject([{ id: 1 }])
      expect(await findNearbyDrivers(client, place, near)).toMatchObject([{ id: 1 }])
      expect(recorded.map(({ method }) => method)).toEqual(['POST', 'GET', 'GET'])
      for (const condition of [where('status', 'open'), where('role', 'driver'), /limit=1000/])
        expect(lastUrl()).toMatch(condition)
    },
  )

  it.each([
    [503, {}, 'ERR_PERF_STORE_UNAVAILABLE'],
    [403, { code: '42501', message: 'x' }, 'ERR_PERF_STORE_SETUP'],
    [400, { code: 'P0001', message: 'x' }, 'ERR_PERF_QUERY'],
  ])('takes no other answer for a missing function: %i %j', async (status, body, code) => {
    answer = json(status, body)
    await expect(findNearbyDrivers(client, place, near)).rejects.toMatchObject({ code })
    expect(recorded).toHaveLength(1)
  })

  it('trusts a distance that comes without a place, and refuses rows with neither', async () => {
    answer = json(200, [{ id: 1, distance_km: 9 }, { id: 2, distance_km: 2 }, { id: 3, distance_km: '1.5' }]) // prettier-ignore
    expect((await findNearbyDrivers(client, place, near)).map(({ id }) => id)).toEqual([3, 2])
    answer = json(200, [{ id: 1 }])
    await expect(findNearbyDrivers(client, place, near)).rejects.toMatchObject({ code: 'ERR_PERF_QUERY' })
  })

  it('rejects when the server cannot be reached', async () => {
    const gone = new PostgrestClient('http://127.0.0.1:9')
    await expect(findNearbyDrivers(gone, place, near)).rejects.toMatchObject({ code: 'ERR_PERF_STORE_UNAVAILABLE' })
  })
})
