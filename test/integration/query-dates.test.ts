import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { ownSchema, type OwnSchema } from '../servers/index.ts'

const READER = fileURLToPath(new URL('../support/date-reader.ts', import.meta.url))
const run = promisify(execFile)

/** An hour that comes twice in New York, one before zones had whole minutes, one of a year of five digits, one before Christ. */
const SETUP = `
  create table moments (id int primary key, day date, plain timestamp, zoned timestamptz, plains timestamp[]);
  insert into moments select id, plain::date, plain, plain at time zone 'UTC', array[plain] from (values
    (1, timestamp '2026-07-01 00:00:00'), (2, timestamp '2026-11-01 12:30:00.123'), (3, timestamp '2026-01-01 23:59:59.999'),
    (4, timestamp '1850-05-05 05:05:05'), (5, timestamp '12026-03-04 05:06:07'), (6, timestamp '0044-03-15 12:00:00 BC'),
    (7, timestamp '0026-03-15 12:00:00')
  ) as row (id, plain)`

let own: OwnSchema
beforeAll(async () => {
  own = await ownSchema(inject('postgresUrl'))
  const admin = new pg.Client({ connectionString: own.url })
  await admin.connect()
  await admin.query(SETUP)
  await admin.end()
})
afterAll(() => own.drop())

async function found(driver: 'pg' | 'postgres.js', zone: string): Promise<Readonly<Record<string, number[]>>> {
  const args = ['--import', 'tsx', READER, driver, inject('postgresUrl'), own.schema]
  const { stdout } = await run(process.execPath, args, { env: { ...process.env, TZ: zone } })
  return JSON.parse(stdout) as Record<string, number[]>
}

const ZONES = ['Africa/Kigali', 'America/New_York', 'Asia/Kathmandu', 'UTC']

describe.each(ZONES)('in the zone %s', (zone) => {
  it('a date that pg read finds the row it came from, whatever the type of its column', async () => {
    const ids = ['1', '2', '3', '4', '5', '6', '7']
    expect(await found('pg', zone)).toEqual(Object.fromEntries(ids.map((id) => [id, [1, 1, 1, 1, 1, 1]])))
  })

  it('one that postgres.js read does too, but of a date column west of Greenwich, which it reads as the day before', async () => {
    const days = zone === 'America/New_York' ? 0 : 1
    const { 1: summer, 2: autumn, 3: winter } = await found('postgres.js', zone)
    expect([summer, autumn, winter]).toEqual(Array.from({ length: 3 }, () => [days, 1, 1, 1, 1]))
  })
})
