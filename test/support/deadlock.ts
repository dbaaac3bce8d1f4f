import type pg from 'pg'
import { waitsForLock, type SqlSchema } from './sql-schema.ts'

export interface Deadlock {
  /** Its connection finds a deadlock soon: `set deadlock_timeout = '20ms'`. */
  readonly ours: pg.Client
  /** Locks three rows, in this order. */
  readonly act: () => Promise<unknown>
  /** A statement of somebody else's that locks one of these rows. */
  readonly take: (row: 1 | 2 | 3) => string
}

/** Lets `act` run into a deadlock with somebody else's transaction, of which it is the one to go; gives how it ended. */
export async function deadlocked(own: SqlSchema, { ours, act, take }: Deadlock): Promise<unknown> {
  const [gate, other] = await Promise.all([own.connect(), own.connect("set deadlock_timeout = '1min'")])
  await gate.query(`begin; ${take(2)}`)
  await other.query(`begin; ${take(3)}`)
  const acting = act().catch((error: unknown) => error)
  // Ours has the first and waits for the second, the other has the third and waits for the first.
  await waitsForLock(own.admin, ours)
  const taking = other.query(take(1))
  await waitsForLock(own.admin, other)
  // Now ours waits for the third: it is the last one who waits, so it is the one who finds the deadlock.
  await gate.query('commit')
  await taking
  await other.query('commit')
  return acting
}
