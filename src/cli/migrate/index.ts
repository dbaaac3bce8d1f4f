import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command, CommandContext, ExitCode, Output } from '../command.ts'
import { fileOf, sqlOf, type Component, type Form } from './components.ts'
import { connected, type SqlClient } from './connect.ts'
import { explain } from './explain.ts'
import { migrateOptions, type MigrateOptions } from './options.ts'
import { verifyParts } from './parts.ts'
import { takeBack } from './rollback.ts'
import { setUp } from './run.ts'
import { verify } from './verify.ts'

export const migrate: Command = {
  summary: 'set up a database: the performance indexes, the tables of the stores',
  usage: `Usage: easymo-perf migrate --only NAMES --print | --write DIR | --apply URL | --verify URL | --rollback URL

  --print          prints the SQL
  --write DIR      writes it into files of a folder; a file that differs is left as it is
  --apply URL      runs it
  --verify URL     compares what is there with what should be; ends with 1 when something is missing, invalid or different
  --rollback URL   takes it back

  --only NAMES     which parts: of indexes, cache, dedup, metrics; several with commas between
  --concurrent     builds the indexes while their tables are written to; printed and written, it is a script for psql
  --lock-timeout S with --apply --concurrent: how many seconds an index waits for its table, three times (5)
  --explain        after --verify: how the planner answers the query that each index is there for

URL is postgres://..., or the word env for DATABASE_URL. Connect to the database itself and not to a pooler in transaction
mode. What a table or a column is missing for is skipped, and said.`,
  run: ({ args, env, out }) => run(migrateOptions(args), { env, out }),
}

type Surroundings = Pick<CommandContext, 'env' | 'out'>

async function run(options: MigrateOptions, { env, out }: Surroundings): Promise<ExitCode> {
  const { action, only, concurrent, lockTimeoutMs } = options
  const form = concurrent ? 'concurrent' : 'plain'
  if (action.kind === 'print') {
    for (const component of only) out.line((await sqlOf(component, form)).trimEnd())
    return 0
  }
  if (action.kind === 'write') return writeFiles(action.folder, { only, form, out })
  const done = await connected(action.url, env, async (client) => {
    client.onNotice((text) => {
      // The server also tells what was there already.
      if (text.startsWith('easymo-perf: ')) out.line(text.slice('easymo-perf: '.length))
    })
    if (action.kind === 'verify') return verifyAll(client, options, out)
    const one = (component: Component): Promise<boolean> =>
      action.kind === 'rollback'
        ? takeBack(client, component, out)
        : setUp(client, component, { form, lockTimeoutMs, out })
    let complete = true
    for (const component of action.kind === 'rollback' ? [...only].reverse() : only)
      complete = (await one(component)) && complete
    return complete
  })
  return done ? 0 : 1
}

interface Files {
  readonly form: Form
  readonly out: Output
}

async function verifyAll(client: SqlClient, options: MigrateOptions, out: Output): Promise<boolean> {
  let right = true
  for (const component of options.only) {
    const one = component === 'indexes' ? await verify(client, out) : await verifyParts(client, component, { out })
    right = one && right
  }
  if (options.explain) await explain(client, out)
  return right
}

/** Never over a file that somebody has changed. */
async function writeFiles(folder: string, what: Files & { readonly only: readonly Component[] }): Promise<ExitCode> {
  const { only, form, out } = what
  await mkdir(folder, { recursive: true })
  let differing = 0
  for (const component of only) {
    const file = join(folder, fileOf(component, form))
    const sql = await sqlOf(component, form)
    const there = await readFile(file, 'utf8').catch(() => undefined)
    if (there === undefined) await writeFile(file, sql, { flag: 'wx' })
    if (there === undefined || there === sql) out.line(file)
    else {
      differing += 1
      out.error(`${file} is there already, and differs`)
    }
  }
  return differing === 0 ? 0 : 1
}
