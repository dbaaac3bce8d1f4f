import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { createHost } from '@easymo/perf'
import { query } from '@easymo/perf/query'
import { openDatabase, type OpenDatabase } from './database.ts'
import { createClient } from './demo/client.ts'
import { endpoints } from './demo/endpoints.ts'
import { report } from './demo/report.ts'
import { PEOPLE, sendTraffic } from './demo/traffic.ts'
import { listen, shutDown } from './server.ts'
import { createService } from './service.ts'

/** Starts the example, sends it a bad week of WhatsApp, and shows that nothing was lost and nothing done twice. */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false } } })
  const startedAt = performance.now()
  const say = (what: string): void => {
    console.log(`${((performance.now() - startedAt) / 1_000).toFixed(1).padStart(5)} s  ${what}`)
  }

  say('opening the database')
  const database = await openDatabase(process.env['DATABASE_URL'])
  await fill(database)
  const host = createHost()
  const secret = randomUUID()
  // Handlers that fail are part of the bad week.
  const onError = (): void => undefined
  const service = createService({ database, appSecret: secret, verifyToken: randomUUID(), onError, host })
  const { server, url } = await listen(service.handler, 0)
  service.warmup.background()
  say(`the service listens at ${url}/webhook, on ${database.name}`)

  const client = createClient(`${url}/webhook`, secret)
  const sent = await sendTraffic(client, say)
  const verdict = report(client, sent, { service, handled: await handledUpdates(database) })
  console.log(`\n${[...verdict.lines, '', ...(await endpoints(url))].join('\n')}\n`)
  console.log(verdict.right ? 'Every update was handled exactly once.' : 'An update was lost or handled twice.')

  if (values.keep) {
    console.log('The service stays up; end it with Ctrl+C.')
    await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve))
  }
  await shutDown(server, host, database)
  return verdict.right ? 0 : 1
}

/** The people who will write, each with a profile. */
async function fill({ write }: OpenDatabase): Promise<void> {
  await write('truncate profiles, handled_updates')
  await write(
    `insert into profiles (user_id, wa_id, phone_number, whatsapp_e164, full_name, language)
     select gen_random_uuid(), phone, '+' || phone, '+' || phone, 'Person ' || phone, 'rw' from unnest($1::text[]) as phone`,
    [PEOPLE],
  )
}

async function handledUpdates({ db }: OpenDatabase): Promise<Map<string, number>> {
  const { data } = await query<{ key: string; times: number }>(db, 'handled_updates').select('key', 'times').execute()
  return new Map(data.map(({ key, times }) => [key, times]))
}

process.exitCode = await main()
