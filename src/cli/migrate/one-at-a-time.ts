import { setTimeout as sleep } from 'node:timers/promises'
import type { Output } from '../command.ts'
import type { SqlClient } from './connect.ts'

/** Names the lock among those of the database; any number that nobody else uses. */
const LOCK = 5_270_190_201
const LOOK_EVERY_MS = 250
const LONGEST_WAIT_MS = 600_000

const ASK = { commit: 'pg_try_advisory_xact_lock', end: 'pg_try_advisory_lock' } as const

/**
 * Waits for another run to end, and then keeps others waiting: two at once would be in each other's way.
 *
 * @param until - for how long: until a transaction, which is begun here, is committed, or until the connection ends
 * @throws Error after 10 minutes
 */
export async function holdMigrations(client: SqlClient, until: keyof typeof ASK, out: Output): Promise<void> {
  for (let waitedMs = 0; waitedMs < LONGEST_WAIT_MS; waitedMs += LOOK_EVERY_MS) {
    if (until === 'commit') await client.query('begin')
    // Not by a statement that waits: what is built in the background waits for all statements, so for that one, too.
    const { rows } = await client.query(`select ${ASK[until]}(${LOCK}) as held`)
    if (rows[0]?.['held'] === true) return
    if (until === 'commit') await client.query('rollback')
    if (waitedMs === 0) out.line('waiting   for another run to end')
    await sleep(LOOK_EVERY_MS)
  }
  throw new Error('another run has not ended for 10 minutes')
}

/**
 * Does the work in a transaction that takes as long as it takes, whatever time the role has for a statement, and that no
 * other run is in the way of.
 */
export async function inTransaction(client: SqlClient, out: Output, work: () => Promise<unknown>): Promise<void> {
  await holdMigrations(client, 'commit', out)
  try {
    await client.query('set local statement_timeout = 0')
    await work()
    await client.query('commit')
  } catch (error) {
    // The connection may be what failed.
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}
