/** A process with a pool of connections: each time it finds that it stood still, it borrows all of them, in that turn. */
import pg from 'pg'
import { pgClients } from '../../src/pg/index.ts'
import { createPool } from '../../src/pool/index.ts'

const CONNECTIONS = 3
const STOOD_STILL_MS = 1_000
const [url = ''] = process.argv.slice(2)

const connect = async (): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  return client
}
const pool = createPool({ ...pgClients({ connect }), maxClients: CONNECTIONS })

/** Which of the borrowed clients answered. */
const answers = (): Promise<boolean[]> =>
  Promise.all(
    Array.from({ length: CONNECTIONS }, () =>
      pool
        .use((client) => client.query('select pg_sleep(0.05)'))
        .then(
          () => true,
          () => false,
        ),
    ),
  )

process.send?.(await answers())
let before = Date.now()
setInterval(() => {
  const now = Date.now()
  // Before the sockets are looked at, so that the pool has heard nothing of their end.
  if (now - before > STOOD_STILL_MS) void answers().then((answered) => process.send?.(answered))
  before = now
}, 10)
