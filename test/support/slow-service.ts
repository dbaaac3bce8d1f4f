/** A service that is to be shut down while it works: its handler waits for the lock in the database that the text names. */
import { createHost } from '@easymo/perf'
import { createDedup } from '@easymo/perf/dedup'
import { createWebhook, whatsapp } from '@easymo/perf/webhook'
import { openDatabase } from '../../examples/node/database.ts'
import { listen, shutDown } from '../../examples/node/server.ts'

const host = createHost()
const database = await openDatabase(process.env['DATABASE_URL'])
const webhook = createWebhook({
  provider: whatsapp({ appSecret: 'secret', verifyToken: 'verify' }),
  dedup: createDedup({ host }),
  answerWithinMs: Number(process.env['ANSWER_WITHIN_MS']),
  handle: async (update) => {
    if (update.kind !== 'message') return
    process.stdout.write('begun\n')
    await database.write('select pg_advisory_xact_lock_shared($1)', [Number(update.payload.text?.body)])
    process.stdout.write('handled\n')
  },
  host,
})
const { server, url } = await listen((request) => webhook(request), 0)
process.once('SIGTERM', () => void shutDown(server, host, database).then(() => process.exit(0)))
process.stdout.write(`${url}\n`)
