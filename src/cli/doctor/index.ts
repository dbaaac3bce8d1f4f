import { optionsOf } from '../arguments.ts'
import type { Command, CommandContext, ExitCode, Output } from '../command.ts'
import { systemClock } from '../../core/clock.ts'
import { components } from '../migrate/components.ts'
import { connected, type SqlClient } from '../migrate/connect.ts'
import { schemaVersions } from '../migrate/parts.ts'
import { hiddenIn } from '../migrate/tables.ts'
import { findings } from '../migrate/verify.ts'
import { ownVersion, peers } from './peers.ts'

/** What the preset and the examples read. */
const VARIABLES = [
  'DATABASE_URL',
  'REDIS_URL',
  'SUPABASE_URL',
  'SUPABASE_SERVICE_ROLE_KEY',
  'WA_VERIFY_TOKEN',
  'WHATSAPP_APP_SECRET',
  'METRICS_TOKEN',
  'CACHE_TTL_PROFILE',
  'CACHE_TTL_STATE',
  'CACHE_TTL_CONFIG',
  'CACHE_TTL_LOCATION',
  'POOL_MAX_CLIENTS',
  'POOL_IDLE_TIMEOUT',
]

export const doctor: Command = {
  summary: 'looks at the runtime, the peers, the environment and the database',
  usage: `Usage: easymo-perf doctor [--url URL]

  --url URL   the database to look at, or the word env; DATABASE_URL, when that is set, without it

Values of the environment are never printed. Ends with 1 when the database cannot be reached.`,
  async run(context) {
    const { url } = optionsOf(context.args, { url: { type: 'string' } })
    const { out, env } = context
    out.line(`@easymo/perf ${await ownVersion()} on ${runtime()}, ${process.platform} ${process.arch}`)
    out.line('\npeers')
    for (const [name, version] of await peers()) out.line(`  ${name.padEnd(24)}${version ?? 'not installed'}`)
    out.line('\nenvironment')
    for (const name of VARIABLES) out.line(`  ${name.padEnd(28)}${stateOf(env[name])}`)
    out.line('\ndatabase')
    const asked = url ?? (stateOf(env['DATABASE_URL']) === 'set' ? 'env' : undefined)
    if (asked === undefined) out.line('  not looked at: give --url, or set DATABASE_URL')
    return asked === undefined ? 0 : database(asked, context)
  },
}

function runtime(): string {
  const { bun, deno, node } = process.versions as Readonly<Record<string, string | undefined>>
  if (bun !== undefined) return `Bun ${bun}`
  return deno === undefined ? `Node ${node}` : `Deno ${deno}`
}

function stateOf(value: string | undefined): 'set' | 'empty' | 'not set' {
  if (value === undefined) return 'not set'
  return value === '' ? 'empty' : 'set'
}

async function database(url: string, { env, out }: CommandContext): Promise<ExitCode> {
  const startedAt = systemClock.elapsed()
  await connected(url, env, async (client) => {
    const { rows } = await client.query("select current_setting('server_version') as version")
    const ms = (systemClock.elapsed() - startedAt).toFixed(0)
    out.line(`  reached in ${ms} ms: PostgreSQL ${String(rows[0]?.['version'])}`)
    await schema(client, out)
  })
  return 0
}

async function schema(client: SqlClient, out: Output): Promise<void> {
  // The role that looks need not be one that may read them; the indexes can be told by anybody.
  const versions = await schemaVersions(client).catch((error: unknown) => {
    out.line(`  versions  cannot be read: ${(error as Error).message}`)
  })
  for (const component of components.filter((name) => versions !== undefined && name !== 'indexes')) {
    const version = versions?.get(component)
    out.line(`  ${component.padEnd(10)}${version === undefined ? 'not set up' : `version ${version}`}`)
  }
  if (versions?.size === 0)
    for (const place of await hiddenIn(client, ['easymo_schema_versions'])) out.line(`  versions  are ${place}`)
  const counts = new Map<string, number>()
  const found = [...(await findings(client)).values()]
  // A database of another service: its tables have indexes of their own.
  if (found.every(({ state }) => state === 'skipped')) return
  for (const { state } of found) counts.set(state, (counts.get(state) ?? 0) + 1)
  out.line(`  indexes   ${[...counts].map(([state, count]) => `${count} ${state}`).join(', ')}`)
}
