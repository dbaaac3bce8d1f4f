/** Real sockets on Workers: each belongs to the request that opened it. */
import pg from 'pg'
import { startPostgres } from '../servers/index.ts'
import { must } from './report.ts'
import { shown, until, type Cases } from './worker-requests.ts'

/** Runs `work` with a real Postgres and a question of how many others are connected to it. */
async function withPostgres(work: (port: number, connections: () => Promise<number>) => Promise<void>): Promise<void> {
  const server = await startPostgres({ private: true })
  const admin = new pg.Client({ connectionString: server.url })
  try {
    await admin.connect()
    const others = "select 1 from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()"
    await work(server.port, async () => (await admin.query(others)).rowCount ?? 0)
  } finally {
    await admin.end()
    await server.stop()
  }
}

export const poolCases: Cases = {
  'a pool of mode request lends no socket of one request to another, and closes them by waitUntil': ({ get }) =>
    withPostgres(async (port, connections) => {
      await get(`/pool/at?key=${port}`)
      const first = await get('/pool/scope')
      const answers = [first, ...(await Promise.all(Array.from({ length: 8 }, () => get('/pool/scope'))))]
      must(
        answers.every(({ status }) => status === 200),
        shown(answers),
      )
      const pids = answers.map(({ body }) => [...new Set(body['pids'] as string[])])
      must(
        pids.every((own) => own.length >= 1 && own.length <= 3 && own.every((pid) => Number(pid) > 0)),
        `not three sockets each: ${JSON.stringify(pids)}`,
      )
      must(new Set(pids.flat()).size === pids.flat().length, `a socket crossed: ${JSON.stringify(pids)}`)
      must(await until(async () => (await connections()) === 0), 'sockets were left open')
      const { body } = await get('/pool/stats')
      must(body['size'] === 0 && body['totalUses'] === 9 * 12, JSON.stringify(body))
      // What it is for: a socket of an ended request does not answer, so that the above could have failed.
      const [opened, crossed] = [await get('/pool/exclusive'), await get('/pool/exclusive')]
      must(opened.status === 200 && crossed.status === 500, shown([opened, crossed]))
    }),

  'a pool of mode request lends nothing outside of a scope': async ({ get }) => {
    const { status, body } = await get('/pool/outside')
    must(status === 500 && /ERR_PERF_POOL_SCOPE/.test(String(body['error'])), JSON.stringify(body))
  },
}
