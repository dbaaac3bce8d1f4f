import type { Output } from '../command.ts'
import { applyConcurrently } from './apply.ts'
import { sqlOf, type Component, type Form } from './components.ts'
import type { SqlClient } from './connect.ts'
import { performanceIndexes } from './indexes.ts'
import { inTransaction } from './one-at-a-time.ts'
import { verifyParts } from './parts.ts'
import { absenceOf } from './tables.ts'
import { verify } from './verify.ts'

export interface RunOptions {
  readonly form: Exclude<Form, 'rollback'>
  readonly lockTimeoutMs: number
  readonly out: Output
}

/**
 * Sets a component up, and looks whether it is there.
 *
 * @returns false when any of it is missing
 */
export async function setUp(client: SqlClient, component: Component, how: RunOptions): Promise<boolean> {
  const { out } = how
  if (component === 'indexes') return buildIndexes(client, how)
  const sql = await sqlOf(component, how.form)
  await inTransaction(client, out, () => client.query(sql))
  const complete = await verifyParts(client, component, { out, shown: 'wrong' })
  if (complete) out.line(`applied   ${component}`)
  return complete
}

async function buildIndexes(client: SqlClient, how: RunOptions): Promise<boolean> {
  const { form, out } = how
  if (!(await hasTables(client, out))) return false
  const built = form === 'concurrent' ? await applyConcurrently(client, how) : await inOneGo(client, out)
  out.line(built ? 'applied   indexes' : 'applied   indexes, in part')
  // An index of the same name that was there before may be another one.
  return (await verify(client, out, 'wrong')) && built
}

async function inOneGo(client: SqlClient, out: Output): Promise<true> {
  const sql = await sqlOf('indexes', 'plain')
  await inTransaction(client, out, () => client.query(sql))
  return true
}

/** Whether there is anything to be indexed; where it is, when this connection does not find it. */
async function hasTables(client: SqlClient, out: Output): Promise<boolean> {
  const reasons = new Set<string>()
  for (const index of performanceIndexes) {
    const absence = await absenceOf(client, index)
    if (absence === undefined) return true
    reasons.add(absence.why)
  }
  for (const why of reasons) out.error(`skipped   ${why}`)
  out.error('nothing   indexes: none of their tables was found')
  return false
}
