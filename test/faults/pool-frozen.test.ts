import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { expect, inject, it } from 'vitest'

const BORROWER = fileURLToPath(new URL('../support/frozen-borrower.ts', import.meta.url))

it('a process that stood still until the server closed its connections borrows none of them', async () => {
  const url = new URL(inject('postgresUrl'))
  url.searchParams.set('options', '-cidle_session_timeout=1500')
  url.searchParams.set('application_name', 'frozen borrower')
  const admin = new pg.Client({ connectionString: inject('postgresUrl') })
  await admin.connect()
  const open = "select from pg_stat_activity where application_name = 'frozen borrower'"
  const borrower = fork(BORROWER, [url.href], { execArgv: ['--import', 'tsx'] })
  const answered = async (): Promise<unknown> => (await once(borrower, 'message'))[0]
  try {
    expect(await answered()).toEqual([true, true, true])
    borrower.kill('SIGSTOP')
    while (((await admin.query(open)).rowCount ?? 0) > 0) await sleep(20)
    borrower.kill('SIGCONT')
    expect(await answered()).toEqual([true, true, true])
  } finally {
    borrower.kill('SIGKILL')
    await admin.end()
  }
})
