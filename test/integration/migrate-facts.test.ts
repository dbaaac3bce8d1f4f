import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { performanceIndexes } from '../../src/cli/migrate/indexes.ts'
import { ownSchema, startPostgres, startPostgres15, type OwnSchema, type PrivateServer } from '../servers/index.ts'
import { cli, type CliRun } from '../support/cli.ts'
import { EASYMO_TABLES } from '../support/easymo-tables.ts'

const CLI = fileURLToPath(new URL('../../src/cli/index.ts', import.meta.url))
const names = performanceIndexes.map(({ name }) => name)
const STORES = ['cache', 'dedup', 'metrics'] as const
const FILES = { indexes: '0001_performance_indexes', cache: '0002_cache', dedup: '0003_dedup', metrics: '0004_metrics' }

// Of our own: what is built in the background waits for all statements in its database, also those of other files.
let servers: readonly PrivateServer[] = []
beforeAll(async () => void (servers = [await startPostgres15(), await startPostgres({ private: true })]))
afterAll(() => Promise.all(servers.map((server) => server.stop())))

describe.each([
  [15, () => servers[0]?.url ?? ''],
  [18, () => servers[1]?.url ?? ''],
] as const)('migrate on PostgreSQL %i', (_, server) => {
  let own: OwnSchema
  let admin: pg.Client
  const ends: (() => Promise<unknown>)[] = []

  beforeEach(async () => {
    own = await ownSchema(server())
    admin = await connect()
    await admin.query(EASYMO_TABLES)
  })
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
    await own.drop()
  })

  async function connect(url = own.url): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    ends.push(() => client.end())
    return client
  }
  const migrate = (only: string, ...args: string[]): Promise<CliRun> => cli(['migrate', '--only', only, ...args])
  const built = async (schema = own.schema): Promise<number> =>
    (await admin.query('select from pg_indexes where schemaname = $1 and indexname = any ($2)', [schema, names])).rowCount ?? 0 // prettier-ignore
  /** The same place for somebody else, or by another path. */
  const by = (change: (url: URL) => void): string => {
    const url = new URL(own.url)
    change(url)
    return url.href
  }
  async function role(settings = ''): Promise<string> {
    const name = `${own.schema}_role`
    await admin.query(`create role ${name} login; ${settings.replaceAll('ROLE', name)}`)
    ends.push(() => admin.query(`drop owned by ${name}; drop role ${name}`))
    return by((url) => (url.username = name))
  }

  it('says of a role that may not use the schema that it cannot see, and does not claim to have done anything', async () => {
    for (const part of ['indexes', ...STORES])
      expect(await migrate(part, '--apply', own.url)).toMatchObject({ code: 0 })
    const guest = await role()
    const place = `in schema ${own.schema}, which this role may not use`
    for (const part of ['indexes', ...STORES]) {
      const back = await migrate(part, '--rollback', guest)
      expect(back.code).toBe(1)
      expect(back.error).toContain(place)
      expect(back.out).not.toContain('took back')
      const verified = await migrate(part, '--verify', guest)
      expect(verified.code).toBe(1)
      expect(verified.out).toContain(place)
    }
    expect((await cli(['doctor', '--url', guest])).out).toContain(`versions  are ${place}`)
    expect(await built()).toBe(20)
    const applied = await migrate('indexes', '--apply', guest)
    expect(applied).toMatchObject({ code: 1, error: expect.stringContaining(place) })
    expect(applied.out).not.toContain('applied')
  })

  it('says of tables off the search path where they are', async () => {
    for (const part of ['indexes', ...STORES])
      expect(await migrate(part, '--apply', own.url)).toMatchObject({ code: 0 })
    const elsewhere = by((url) => url.searchParams.set('options', '-csearch_path=pg_catalog'))
    const place = `in schema ${own.schema}, which is not on the search path`
    for (const part of ['indexes', ...STORES]) {
      const back = await migrate(part, '--rollback', elsewhere)
      expect(back).toMatchObject({ code: 1, error: expect.stringContaining(place) })
      const verified = await migrate(part, '--verify', elsewhere)
      expect(verified).toMatchObject({ code: 1, out: expect.stringContaining(place) })
    }
    for (const form of [[], ['--concurrent']])
      expect(await migrate('indexes', '--apply', elsewhere, ...form)).toMatchObject({ code: 1, error: expect.stringContaining(place) }) // prettier-ignore
    expect(await built()).toBe(20)
    for (const part of STORES) expect(await migrate(part, '--verify', own.url)).toMatchObject({ code: 0 })
  })

  it('says of one table off the search path where it is, among others that are there', async () => {
    await admin.query(`create schema ${own.schema}_far; alter table audit_logs set schema ${own.schema}_far`)
    ends.push(() => admin.query(`drop schema ${own.schema}_far cascade`))
    const applied = await migrate('indexes', '--apply', own.url)
    expect(applied.code).toBe(1)
    expect(applied.out).toContain(`audit_logs is in schema ${own.schema}_far, which is not on the search path`)
    expect(await built()).toBe(17)
  })

  it('says of an empty database that there is nothing', async () => {
    const empty = await ownSchema(server())
    await admin.query(`drop table if exists public.trips`)
    await admin.query(`drop schema ${own.schema} cascade; create schema ${own.schema}`)
    try {
      for (const form of [['--apply'], ['--verify']]) {
        const { code, out, error } = await migrate('indexes', ...form, empty.url)
        expect(code).toBe(1)
        expect(error).toMatch(/none of the(ir)? tables was found/)
        expect(out).not.toContain('applied')
      }
      expect(await migrate('indexes', '--rollback', empty.url)).toMatchObject({ code: 0, out: 'nothing   indexes: there was nothing to take back' }) // prettier-ignore
    } finally {
      await empty.drop()
    }
  })

  it('says how much it took back, and takes it back', async () => {
    for (const part of ['indexes', ...STORES]) {
      await migrate(part, '--apply', own.url)
      const { code, out } = await migrate(part, '--rollback', own.url)
      expect(code).toBe(0)
      const [, gone, all] = /^took back \w+: (\d+) of (\d+)$/m.exec(out) ?? []
      expect(Number(gone)).toBeGreaterThan(3)
      expect(gone).toBe(all)
      expect(await migrate(part, '--rollback', own.url)).toMatchObject({
        code: 0,
        out: expect.stringContaining('nothing'),
      })
    }
    expect(await built()).toBe(0)
  })

  it('leaves the transaction of a tool open, whatever file that runs', async () => {
    for (const [part, file] of Object.entries(FILES))
      for (const form of ['', '.rollback']) {
        const sql = await readFile(`migrations/${file}${form}.sql`, 'utf8')
        const tool = await connect()
        await tool.query('begin; create table of_the_tool ()')
        await tool.query(sql)
        const { rows } = await tool.query("select to_regclass('of_the_tool') is not null as there, pg_current_xact_id_if_assigned() is not null as open") // prettier-ignore
        expect(rows).toEqual([{ there: true, open: true }])
        await tool.query('rollback')
        expect((await admin.query("select from pg_class where oid = to_regclass('of_the_tool')")).rowCount).toBe(0)
        if (part === 'indexes') expect(await built()).toBe(0)
      }
  })

  it('takes back what it began when a statement fails', async () => {
    await admin.query('create view easymo_cache_tags as select 1')
    expect((await migrate('cache', '--apply', own.url)).code).toBe(1)
    expect((await admin.query("select from pg_class where oid = to_regclass('easymo_cache_entries')")).rowCount).toBe(0)
  })

  it('builds under a statement_timeout of the role', async () => {
    await admin.query(`insert into audit_logs select now() - n * interval '1 s', gen_random_uuid(), 'a' from generate_series(1, 150000) n`) // prettier-ignore
    const hurried = await role(`
      grant all on schema ${own.schema} to ROLE; alter table audit_logs owner to ROLE; alter role ROLE set statement_timeout = 100`) // prettier-ignore
    const tool = await connect(hurried)
    const file = await readFile('migrations/0001_performance_indexes.sql', 'utf8')
    for (const table of [
      'profiles',
      'trips',
      'user_state',
      'insurance_leads',
      'insurance_claims',
      'wallet_transactions',
    ])
      await admin.query(`drop table ${table}`)
    await tool.query('begin')
    await tool.query(file)
    await tool.query('rollback')
    expect(await migrate('indexes', '--apply', hurried)).toMatchObject({ code: 0 })
    expect(await built()).toBe(3)
  })

  it('goes on in silence when whoever reads has seen enough', async () => {
    const args = ['--import', 'tsx', CLI, 'migrate', '--only', 'indexes', '--apply', own.url, '--concurrent']
    const command = [process.execPath, ...args].map((part) => `'${part}'`).join(' ')
    const shell = spawn('bash', ['-c', `set -o pipefail; ${command} | head -1`], { stdio: ['ignore', 'pipe', 'pipe'] })
    const said: Record<'stdout' | 'stderr', string> = { stdout: '', stderr: '' }
    for (const stream of ['stdout', 'stderr'] as const)
      shell[stream].setEncoding('utf8').on('data', (text: string) => (said[stream] += text))
    const [code] = (await once(shell, 'close')) as [number]
    expect({ code, ...said }).toEqual({ code: 0, stdout: expect.stringMatching(/^built .*\n$/), stderr: '' })
    expect(await built()).toBe(20)
  })
})

describe('migrate without --only', () => {
  it.each([
    ['--apply', 'postgres://127.0.0.1:1/nobody'],
    ['--rollback', 'postgres://127.0.0.1:1/nobody'],
    ['--verify', 'postgres://127.0.0.1:1/nobody'],
    ['--print', undefined],
    ['--write', '/dev/null/nowhere'],
  ])('%s does nothing, lists the parts, and ends with 2', async (action, value) => {
    const { code, out, error } = await cli(['migrate', action, ...(value === undefined ? [] : [value])])
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(error).toContain('nothing was done: name the parts')
    for (const part of Object.keys(FILES)) expect(error).toMatch(new RegExp(`^  ${part} +\\w`, 'm'))
  })
})
