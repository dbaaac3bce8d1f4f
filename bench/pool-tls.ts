/** A pooled query against one that connects for itself, over TLS with a password (SCRAM), as databases are reached. */
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pgClients } from '@easymo/perf/pg'
import { createPool } from '@easymo/perf/pool'
import pg from 'pg'
import { startPostgres } from '../test/servers/index.ts'
import { judge, type Comparison } from './harness.ts'

const ROUNDS = 200
const CREDENTIALS = { user: 'bench', password: 'bench', database: 'postgres' }

/** A certificate in the server's own folder, and a user who may come over TLS alone. */
async function closeTheDoor(admin: pg.Client): Promise<void> {
  const show = async (name: string): Promise<string> => {
    const { rows } = await admin.query<Record<string, string>>(`show ${name}`)
    return Object.values(rows[0] ?? {})[0] ?? ''
  }
  const folder = await show('data_directory')
  const [key, certificate] = [join(folder, 'bench.key'), join(folder, 'bench.crt')]
  const request = ['req', '-new', '-x509', '-days', '2', '-nodes', '-subj', '/CN=127.0.0.1', '-newkey', 'rsa:2048']
  execFileSync('openssl', [...request, '-keyout', key, '-out', certificate], { stdio: 'ignore' })
  const { uid, gid } = statSync(folder)
  for (const file of [key, certificate]) {
    chownSync(file, uid, gid)
    chmodSync(file, 0o600)
  }
  const rules = await show('hba_file')
  writeFileSync(rules, `hostssl all bench 127.0.0.1/32 scram-sha-256\n${readFileSync(rules, 'utf8')}`)
  await admin.query("set password_encryption = 'scram-sha-256'")
  await admin.query("create role bench login password 'bench'")
  await admin.query(`alter system set ssl_key_file = '${key}'`)
  await admin.query(`alter system set ssl_cert_file = '${certificate}'`)
  await admin.query('alter system set ssl = on')
  await admin.query('select pg_reload_conf()')
}

async function connected(port: number): Promise<pg.Client> {
  const client = new pg.Client({ host: '127.0.0.1', port, ...CREDENTIALS, ssl: { rejectUnauthorized: false } })
  await client.connect()
  return client
}

async function mustBeEncrypted(client: pg.Client): Promise<void> {
  const { rows } = await client.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()')
  if ((rows[0] as { ssl?: boolean } | undefined)?.ssl !== true) throw new Error('the connection is not encrypted')
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN

async function onceOnly(port: number): Promise<void> {
  const client = await connected(port)
  await client.query('select 1')
  await client.end()
}

/** In strict turns: what is measured comes right after a handshake, which has emptied the caches of the processor. */
async function measured(port: number): Promise<Comparison> {
  const pool = createPool({ ...pgClients({ connect: () => connected(port) }), maxClients: 10 })
  await pool.use(mustBeEncrypted)
  const open = await connected(port)
  const [ours, bare, theirs]: [number[], number[], number[]] = [[], [], []]
  for (let round = 0; round < ROUNDS; round += 1) {
    theirs.push(await timed(() => onceOnly(port)))
    ours.push(await timed(() => pool.use((client) => client.query('select 1'))))
    theirs.push(await timed(() => onceOnly(port)))
    bare.push(await timed(() => open.query('select 1')))
  }
  await open.end()
  await pool.drain()
  const [connecting, pooled, floor] = [median(theirs), median(ours), median(bare)]
  return judge("'select 1' over TLS with SCRAM, each after one that connects", [
    { of: 'connect + query + end', value: connecting, unit: 'ms' },
    { of: 'pooled', value: pooled, unit: 'ms' },
    { of: 'a client that is open, without a pool (the floor)', value: floor, unit: 'ms' },
    { of: 'connect + query + end / the floor', value: connecting / floor, unit: 'times' },
    { of: 'connect + query + end / pooled', value: connecting / pooled, unit: 'times', atLeast: 40 },
  ])
}

export async function tls(): Promise<Comparison> {
  const server = await startPostgres({ private: true })
  const admin = new pg.Client({ connectionString: server.url })
  try {
    await admin.connect()
    await closeTheDoor(admin)
    return await measured(server.port)
  } finally {
    await admin.end()
    await server.stop()
  }
}
