import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import pg from 'pg'
import { afterEach, expect, inject, it } from 'vitest'
import { signedRequest, whatsappDelivery } from '../../src/testing/index.ts'
import { ownSchema, type OwnSchema } from '../servers/index.ts'
import { SOON } from '../support/soon.ts'

let child: ChildProcess | undefined
let holder: pg.Client | undefined
let schema: OwnSchema | undefined

afterEach(async () => {
  child?.kill('SIGKILL')
  await holder?.end()
  await schema?.drop()
})

async function start(url: string): Promise<{ server: ChildProcess; address: string; closed: Promise<unknown> }> {
  const said = { WHATSAPP_APP_SECRET: 'secret', WA_VERIFY_TOKEN: 'verify', DATABASE_URL: url, PORT: '0' }
  const env = { ...process.env, ...said }
  const program = ['--import', 'tsx', 'examples/node/server.ts']
  const server = spawn(process.execPath, program, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  child = server
  const closed = once(server, 'close')
  let text = ''
  server.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await expect.poll(() => text, { timeout: 30_000 }).toContain('listening at ')
  return { server, closed, address: /http:\S+/.exec(text)?.[0] ?? '' }
}

it('finishes what runs when it is told to end more than once', async () => {
  schema = await ownSchema(inject('postgresUrl'))
  const { server, address, closed } = await start(schema.url)
  holder = new pg.Client({ connectionString: schema.url })
  await holder.connect()
  await holder.query('begin; lock table handled_updates in access exclusive mode')
  const delivery = await signedRequest(address, whatsappDelivery({ text: 'Muraho!' }).body, 'secret')
  const answer = fetch(delivery).then(({ status }) => status, () => 'none') // prettier-ignore
  const waiting = `select 1 from pg_locks where not granted and relation = 'handled_updates'::regclass`
  await expect.poll(async () => (await holder?.query(waiting))?.rowCount, SOON).toBe(1)
  const knock = (): Promise<string> => fetch(address).then(() => 'accepted', () => 'refused') // prettier-ignore
  server.kill('SIGTERM')
  await expect.poll(knock, SOON).toBe('refused')
  server.kill('SIGTERM')
  server.kill('SIGINT')
  await holder.query('rollback')
  expect(await answer).toBe(200)
  await closed
  expect([server.exitCode, server.signalCode]).toEqual([0, null])
})
