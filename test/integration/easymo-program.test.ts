import { readFile } from 'node:fs/promises'
import { PostgrestClient } from '@supabase/postgrest-js'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { resetEasymo } from '../../src/easymo/index.ts'
import { whatsappDelivery } from '../../src/testing/index.ts'
import { startProgram } from '../runtimes/inside/easymo-program.mjs'
import { ownSchema, type OwnSchema } from '../servers/index.ts'
import { postgrestRead, type PostgrestRead } from '../support/postgrest-read.ts'
import { postgrestRpc, type PostgrestRpc } from '../support/postgrest-rpc.ts'

const USER = '00000000-0000-4000-8000-000000000001'
let schema: OwnSchema
let pool: pg.Pool
let rest: PostgrestRead
let rpc: PostgrestRpc
let serve: (request: Request) => Promise<Response>

beforeAll(async () => {
  schema = await ownSchema(inject('postgresUrl'))
  pool = new pg.Pool({ connectionString: schema.url, max: 2 })
  await pool.query(await readFile('examples/node/schema.sql', 'utf8'))
  const { rows } = await pool.query<{ schema: string }>('select current_schema() as schema')
  rest = await postgrestRead({ postgresUrl: schema.url, maxRows: 1_000 })
  rpc = await postgrestRpc(schema.url, rows[0]?.schema ?? '')
})

afterAll(async () => {
  await rest.close()
  await rpc.close()
  await pool.end()
  await schema.drop()
})

beforeEach(async () => {
  resetEasymo()
  rest.asked.length = 0
  await pool.query('truncate profiles, trips, app_config')
  await pool.query(
    `insert into profiles (user_id, whatsapp_e164, full_name) values ('${USER}', '+250788000001', 'Aline')`,
  )
  await pool.query(`insert into app_config (key, value) values ('fares', '{"base":500}')`)
  await pool.query(`insert into trips (user_id, role, status, vehicle_type, pickup_lat, pickup_lng)
    select '${USER}', 'driver', 'open', 'moto', -1.9441 + n * 0.001, 30.0619 from generate_series(1, 5) n`)
  const env = { SUPABASE_URL: 'http://localhost', SUPABASE_SERVICE_ROLE_KEY: 'service' }
  const [tables, functions] = [new PostgrestClient(rest.url), new PostgrestClient(rpc.url)]
  const client = { from: (table: string) => tables.from(table), rpc: functions.rpc.bind(functions) }
  serve = startProgram({ createClient: () => client, env })
})

const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  serve(new Request(`http://localhost/fn${path}`, { headers }))
const post = (body: string): Promise<Response> =>
  serve(new Request('http://localhost/fn/webhook', { method: 'POST', body }))
const metrics = async (): Promise<Record<string, never>> =>
  (await (await get('/metrics', { authorization: 'Bearer service' })).json()) as Record<string, never>

describe('the program of the services, over PostgREST and Postgres', () => {
  it('answers a message, knows its resend, and reads the profile once', async () => {
    for (const [id, answer] of [
      ['wamid.1', { success: true, reply: 'Muraho Aline' }],
      ['wamid.1', { success: true, duplicate: true, message: 'Request already processed' }],
      ['wamid.2', { success: true, reply: 'Muraho Aline' }],
    ] as const)
      expect(await (await post(whatsappDelivery({ id, text: 'muraho', from: '250788000001' }).body)).json()).toEqual(answer) // prettier-ignore
    expect(rest.asked.filter((url) => url.startsWith('/profiles'))).toHaveLength(1)
    expect(await metrics()).toMatchObject({
      metrics: { counters: { 'handler_calls_total{handler="webhook_processing",outcome="ok"}': 2 } },
      cache: { profile: { hits: 1, misses: 1 } },
      clientPool: { size: 1, healthy: 1 },
      handlers: { 'core:home': { loaded: true } },
    })
  })

  it('fails a delivery when the database does, and not as one of nobody', async () => {
    await pool.query('alter table profiles rename to profiles_away')
    await expect(post(whatsappDelivery({ text: 'muraho', from: '250788000001' }).body)).rejects.toMatchObject({ code: 'ERR_PERF_STORE_SETUP' }) // prettier-ignore
    await pool.query('alter table profiles_away rename to profiles')
    expect(await metrics()).toMatchObject({ metrics: { counters: { 'http_requests_total{service="wa-webhook-core",status="500"}': 1 } } }) // prettier-ignore
  })

  it('gives settings, a counted page, and the nearest drivers, with and without the function of the database', async () => {
    expect(await (await get('/fares')).json()).toEqual({ fares: { base: 500 } })
    expect(await (await get('/trips')).json()).toMatchObject({ data: [{ status: 'open' }, {}], error: null, count: 5 })
    const places = async (): Promise<number[]> =>
      ((await (await get('/drivers')).json()) as { distance: number }[]).map(({ distance }) => distance)
    expect(await places()).toEqual([111, 222, 334])
    await pool.query(`create function find_nearby_drivers(p_lat float8, p_lng float8, p_radius_km float8,
        p_vehicle_type text, p_limit int, p_window_start timestamptz) returns json language sql as
      'select json_agg(t) from (select * from trips where created_at > p_window_start and vehicle_type = p_vehicle_type
        order by pickup_lat limit 2) t'`)
    resetEasymo()
    const [tables, functions] = [new PostgrestClient(rest.url), new PostgrestClient(rpc.url)]
    serve = startProgram({ supabase: { from: (table: string) => tables.from(table), rpc: functions.rpc.bind(functions) } }) // prettier-ignore
    expect(await places()).toEqual([111, 222])
    await pool.query('drop function find_nearby_drivers')
  })

  it('becomes warm in the background', async () => {
    await get('/fares')
    await expect.poll(async () => ((await (await get('/health')).json()) as { warmedUp: boolean }).warmedUp, { timeout: 10_000 }).toBe(true) // prettier-ignore
    expect(await (await get('/preload')).json()).toMatchObject({ loaded: true, exports: ['greet'] })
    expect(await metrics()).toMatchObject({ handlers: { 'core:router': { loaded: true } } })
  })
})
