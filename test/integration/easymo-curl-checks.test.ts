import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { PostgrestClient } from '@supabase/postgrest-js'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { createDoor } from '../../examples/easymo/door.ts'
import { resetEasymo } from '../../src/easymo/index.ts'
import { toNode } from '../../src/http/index.ts'
import { ownSchema, type OwnSchema } from '../servers/index.ts'
import { postgrestRead, type PostgrestRead } from '../support/postgrest-read.ts'

const secrets = { METRICS_TOKEN: 'scrape', WHATSAPP_APP_SECRET: 'app-secret', WA_VERIFY_TOKEN: 'verify' }
let schema: OwnSchema
let pool: pg.Pool
let rest: PostgrestRead
let server: Server

beforeAll(async () => {
  schema = await ownSchema(inject('postgresUrl'))
  pool = new pg.Pool({ connectionString: schema.url, max: 1 })
  await pool.query(await readFile('examples/node/schema.sql', 'utf8'))
  rest = await postgrestRead({ postgresUrl: schema.url })
  resetEasymo()
  const door = createDoor({
    createClient: () => new PostgrestClient(rest.url) as never,
    env: { SUPABASE_URL: rest.url, SUPABASE_SERVICE_ROLE_KEY: 'service', ...secrets },
    appSecret: secrets.WHATSAPP_APP_SECRET,
    verifyToken: secrets.WA_VERIFY_TOKEN,
  })
  server = createServer(toNode(door))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})

afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await rest.close()
  await pool.end()
  await schema.drop()
})

it('passes the checks of the guides, by curl and with signed deliveries', { timeout: 120_000 }, async () => {
  const URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const env = { ...process.env, ...secrets, URL, EASYMO_PERF: `${process.execPath} --import tsx src/cli/index.ts` }
  const { stdout } = await promisify(execFile)('sh', ['examples/easymo/curl-checks.sh'], { env })
  await expect(stdout).toMatchFileSnapshot('../../examples/easymo/curl-checks.txt')
})
