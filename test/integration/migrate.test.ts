import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { performanceIndexes } from '../../src/cli/migrate/indexes.ts'
import { concurrentSql, plainSql, rollbackSql } from '../../src/cli/migrate/render.ts'
import { ownSchema, startPostgres, startPostgres15, type OwnSchema, type PrivateServer } from '../servers/index.ts'
import { cli } from '../support/cli.ts'
import { EASYMO_TABLES } from '../support/easymo-tables.ts'

const names = performanceIndexes.map(({ name }) => name)

describe('the files', () => {
  it.each([
    ['', plainSql],
    ['.concurrent', concurrentSql],
    ['.rollback', rollbackSql],
  ])(
    '0001_performance_indexes%s.sql is what the list says; `tsx scripts/migrations.ts` writes it',
    async (form, sql) => {
      expect(await readFile(`migrations/0001_performance_indexes${form}.sql`, 'utf8')).toBe(sql())
    },
  )

  it('hold the 20 names that dashboards and runbooks know', () => {
    expect(new Set(names).size).toBe(20)
  })
})

// Of our own: what is built in the background waits for all statements in its database, also those of other files.
let servers: readonly PrivateServer[] = []
beforeAll(async () => void (servers = [await startPostgres15(), await startPostgres({ private: true })]))
afterAll(() => Promise.all(servers.map((server) => server.stop())))

describe.each([
  [15, () => servers[0]?.url ?? ''],
  [18, () => servers[1]?.url ?? ''],
] as const)('on PostgreSQL %i', (major, server) => {
  let own: OwnSchema
  let admin: pg.Client

  beforeEach(async () => {
    own = await ownSchema(server())
    admin = new pg.Client({ connectionString: own.url })
    await admin.connect()
    await admin.query(EASYMO_TABLES)
  })
  afterEach(async () => {
    await admin.end()
    await own.drop()
  })

  const there = async (): Promise<string[]> => {
    const { rows } = await admin.query<{ name: string }>(
      'select indexrelid::regclass::text as name from pg_index where indisvalid and indexrelid::regclass::text = any ($1)',
      [names],
    )
    return rows.map(({ name }) => name).sort()
  }
  const migrate = (...args: string[]) => cli(['migrate', '--only', 'indexes', ...args])

  it('is the version that it says', async () => {
    const { rows } = await admin.query<{ version: string }>("select current_setting('server_version') as version")
    expect(rows[0]?.version).toMatch(new RegExp(`^${major}`))
  })

  it('builds all 20 in a transaction, twice without harm, and takes them back', async () => {
    expect(await migrate('--apply', own.url)).toMatchObject({ code: 0, error: '' })
    expect(await there()).toEqual([...names].sort())
    expect(await migrate('--apply', own.url)).toMatchObject({ code: 0 })
    expect((await migrate('--verify', own.url)).out).toContain('20 of 20 are as they should be, 0 are not, 0 skipped')
    expect(await migrate('--rollback', own.url)).toMatchObject({ code: 0 })
    expect(await there()).toEqual([])
  })

  it('builds them in the background, and replaces what an interrupted build left', async () => {
    await leaveInvalid()
    expect(await migrate('--verify', own.url)).toMatchObject({ code: 1 })
    expect((await migrate('--verify', own.url)).out).toMatch(/^invalid {3}idx_trips_created_at$/m)
    const { code, out } = await migrate('--apply', own.url, '--concurrent')
    expect({ code, built: out.match(/^built/gm)?.length }).toEqual({ code: 0, built: 20 })
    expect(await there()).toEqual([...names].sort())
  })

  it('replaces it also when the transaction builds', async () => {
    await leaveInvalid()
    expect(await migrate('--apply', own.url)).toMatchObject({ code: 0 })
    expect(await there()).toEqual([...names].sort())
  })

  it('builds them with psql', async () => {
    await leaveInvalid()
    const file = 'migrations/0001_performance_indexes.concurrent.sql'
    await promisify(execFile)('psql', [own.url, '--no-psqlrc', '--quiet', '--file', file])
    expect(await migrate('--verify', own.url)).toMatchObject({ code: 0 })
    expect(await there()).toEqual([...names].sort())
  })

  it('lets writers go on while it builds in the background', async () => {
    await admin.query(`insert into audit_logs select now() - n * interval '1 s', gen_random_uuid(), 'a' from generate_series(1, 300000) n`) // prettier-ignore
    const applied = migrate('--apply', own.url, '--concurrent')
    let over = false
    void applied.finally(() => (over = true))
    let written = 0
    for (; !over; written += 1) await admin.query("insert into audit_logs (action) values ('b')")
    expect(await applied).toMatchObject({ code: 0 })
    expect(written).toBeGreaterThan(5)
  })

  it('gives up on a table that somebody holds, leaves nothing invalid, and builds the others', async () => {
    const holder = new pg.Client({ connectionString: own.url })
    await holder.connect()
    await holder.query('begin; lock table audit_logs in access exclusive mode')
    const { code, out, error } = await migrate('--apply', own.url, '--concurrent', '--lock-timeout', '0.5')
    await holder.query('rollback')
    await holder.end()
    expect(code).toBe(1)
    expect(error).toMatch(/failed {4}idx_audit_logs_timestamp/)
    expect(out.match(/^built/gm)?.length).toBe(17)
    const invalid = await admin.query('select from pg_index where not indisvalid and indrelid = $1::regclass', ['audit_logs']) // prettier-ignore
    expect(invalid.rowCount).toBe(0)
  })

  it('skips what a table or a column is missing for, and says so', async () => {
    await admin.query('drop table insurance_claims; alter table audit_logs drop column action')
    for (const form of [[], ['--concurrent']]) {
      const { code, out } = await migrate('--apply', own.url, ...form)
      expect({ code, skipped: out.match(/^skipped| is skipped:/gm)?.length }).toEqual({ code: 0, skipped: 4 })
      expect(await there()).toHaveLength(16)
      await migrate('--rollback', own.url)
    }
    const { out } = await migrate('--verify', own.url)
    expect(out).toContain('skipped   idx_claims_status: there is no table insurance_claims')
    expect(out).toContain('skipped   idx_audit_logs_action: audit_logs has no column action')
  })

  it.each([[[]], [['--concurrent']]])('lets one of several runs wait for the others %j', async (form) => {
    const runs = await Promise.all([form, [], form].map((one) => migrate('--apply', own.url, ...one)))
    expect(runs.filter(({ code, error }) => code !== 0 || error !== '')).toEqual([])
    expect(await there()).toEqual([...names].sort())
  })

  it('skips what a type does not fit, and what is no table, and builds the others', async () => {
    await admin.query('alter table audit_logs alter action type json using null; alter table profiles alter language type point using null') // prettier-ignore
    await admin.query('alter table wallet_transactions alter status type int using null')
    await admin.query('alter table trips rename to rides; create view trips as select * from rides')
    const { code, out } = await migrate('--apply', own.url)
    expect({ code, skipped: out.match(/ is skipped:/gm)?.length }).toEqual({ code: 1, skipped: 8 })
    expect(out).toMatch(/^missing {3}idx_wallet_tx_status$/m)
    expect(await there()).toHaveLength(12)
    expect((await migrate('--apply', own.url, '--concurrent')).error.match(/^failed/gm)).toHaveLength(3)
    expect((await migrate('--verify', own.url)).out).toContain('12 of 20 are as they should be, 3 are not, 5 skipped')
  })

  it.each([[[]], [['--concurrent']]])('never takes the index of another table for its own %j', async (form) => {
    await admin.query('create table trips_before (like trips)')
    await admin.query('create index idx_trips_user_status on trips_before (user_id, status)')
    expect(await migrate('--apply', own.url, ...form)).toMatchObject({ code: 1 })
    const { code, out } = await migrate('--verify', own.url)
    expect({ code, differing: out.match(/^differing/gm)?.length }).toEqual({ code: 1, differing: 1 })
    expect(out).toMatch(/found {4}CREATE INDEX idx_trips_user_status ON .*trips_before/)
    expect(await migrate('--rollback', own.url)).toMatchObject({ code: 0 })
    expect(await there()).toEqual(['idx_trips_user_status'])
  })

  it.each([[[]], [['--concurrent']]])('goes by the first table of the search path alone %j', async (form) => {
    const [url, later] = [new URL(own.url), `${own.schema}_later`]
    url.searchParams.set('options', `-csearch_path=${own.schema},${later}`)
    await admin.query(`create schema ${later}; create table ${later}.trips (like trips)`)
    await admin.query(`create index idx_trips_created_at on ${later}.trips (created_at desc)`)
    try {
      expect(await migrate('--apply', url.href, ...form)).toMatchObject({ code: 0, error: '' })
      expect(await there()).toEqual([...names].sort())
      expect(await migrate('--rollback', url.href)).toMatchObject({ code: 0 })
      expect((await admin.query('select from pg_indexes where schemaname = $1', [later])).rowCount).toBe(1)
    } finally {
      await admin.query(`drop schema ${later} cascade`)
    }
  })

  it('verifies for a role that can only look', async () => {
    await migrate('--apply', own.url, '--only', 'indexes,dedup')
    const [guest, url] = [`${own.schema}_guest`, new URL(own.url)]
    url.username = guest
    await admin.query(`create role ${guest} login; grant usage on schema ${own.schema} to ${guest}`)
    await admin.query(`alter role ${guest} set default_transaction_read_only = on`)
    try {
      expect((await migrate('--verify', url.href)).out).toContain('20 of 20 are as they should be')
      const { code, out } = await cli(['doctor', '--url', url.href])
      expect(code).toBe(0)
      expect(out).toMatch(/versions {2}cannot be read: permission denied[^]*indexes {3}20 unused/)
    } finally {
      await admin.query(`drop owned by ${guest}; drop role ${guest}`)
    }
  })

  it('tells what is missing, what differs, what is redundant and what nobody used', async () => {
    await admin.query('create index idx_trips_user_status on trips (status)')
    const applied = await migrate('--apply', own.url)
    expect(applied).toMatchObject({ code: 1 })
    expect(applied.out).toContain('expected btree (user_id, status)\n          found    btree (status)')
    await admin.query('drop index idx_profiles_whatsapp')
    await admin.query('create unique index mine on user_state (user_id, key)')
    await admin.query("insert into profiles (language) select 'rw' from generate_series(1, 2000); analyze profiles")
    await admin.query("set enable_seqscan = off; select from profiles where language = 'sw'; select pg_stat_force_next_flush()") // prettier-ignore
    await admin.query('select 1')
    const { code, out } = await migrate('--verify', own.url)
    expect(code).toBe(1)
    expect(out).toMatch(/^missing {3}idx_profiles_whatsapp$/m)
    expect(out).toMatch(/^differing idx_trips_user_status$/m)
    expect(out).toContain('redundant idx_user_state_user: mine serves the same queries')
    expect(out).toMatch(/^ok {8}idx_profiles_language$/m)
    expect(out).toMatch(/^unused {4}idx_trips_created_at/m)
  })

  it('shows the plan of the query of each index, with values of the table', async () => {
    await migrate('--apply', own.url)
    await admin.query("insert into profiles (whatsapp_e164) select '+2507' || n from generate_series(1, 5000) n; analyze profiles") // prettier-ignore
    const { code, out } = await migrate('--verify', own.url, '--explain')
    expect(code).toBe(0)
    expect(out).toContain('idx_profiles_whatsapp: used\n')
    expect(out.match(/^idx_\w+: (not )?used$/gm)).toHaveLength(20)
  })

  it.each(['cache', 'dedup', 'metrics'])(
    'sets up the tables of %s, verifies and takes them back',
    async (component) => {
      const only = ['--only', component]
      expect(await migrate('--verify', own.url, ...only)).toMatchObject({ code: 1 })
      for (const action of ['--apply', '--apply', '--verify', '--rollback'])
        expect(await migrate(action, own.url, ...only)).toMatchObject({ code: 0 })
      expect(await migrate('--verify', own.url, ...only)).toMatchObject({ code: 1 })
    },
  )

  it('the doctor reaches it, and says what is set up, and nothing of its address', async () => {
    await migrate('--apply', own.url, '--only', 'indexes,dedup')
    const { code, out } = await cli(['doctor'], { DATABASE_URL: own.url, METRICS_TOKEN: 'hunter2' })
    expect(code).toBe(0)
    expect(out).toContain(`PostgreSQL ${major}`)
    expect(out).toMatch(/dedup +version 1/)
    expect(out).toMatch(/cache +not set up/)
    expect(out).toMatch(/METRICS_TOKEN +set/)
    expect(out).not.toMatch(/hunter2|127\.0\.0\.1|postgres:\/\//)
  })

  /** What an interrupted build leaves: a unique one that met a duplicate. */
  async function leaveInvalid(): Promise<void> {
    await admin.query('insert into trips (created_at) select now() from generate_series(1, 2)')
    const build = admin.query('create unique index concurrently idx_trips_created_at on trips (created_at desc)')
    await expect(build).rejects.toMatchObject({ code: '23505' })
  }
})

describe('the command line', () => {
  it.each([
    [[], 'give one of'],
    [['--print', '--apply', 'env'], 'give one of'],
    [['--print', '--only', 'indices'], '--only takes of'],
    [['--apply', 'mysql://root:secret@host/db', '--only', 'dedup'], 'URL must begin with postgres://'],
    [['--apply', 'env', '--only', 'dedup'], 'DATABASE_URL is not set'],
    [['--print', '--explain'], '--explain belongs to --verify'],
    [['--apply', 'env', '--lock-timeout', '0'], '--lock-timeout must be'],
    [['--verify', 'env', '--concurrent'], '--concurrent belongs to'],
    [['--apply', 'env', '--lock-timeout', '1'], '--lock-timeout belongs to'],
    [['--apply', 'postgres://root:a/secret@host/db', '--only', 'dedup'], 'URL cannot be read'],
  ])('refuses %j with 2, and repeats no value', async (args, said) => {
    const { code, error } = await cli(['migrate', ...args])
    expect(code).toBe(2)
    expect(error).toContain(said)
    expect(error).not.toMatch(/secret|mysql|indices/)
  })

  it('ends with 1 when nobody answers', async () => {
    const error = 'the database cannot be reached: connect ECONNREFUSED 127.0.0.1:1'
    expect(await cli(['doctor', '--url', 'postgres://me:secret@127.0.0.1:1/db'])).toMatchObject({ code: 1, error })
  })

  it('prints and writes the files, never over one that somebody changed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'easymo-perf-migrate-'))
    try {
      expect((await cli(['migrate', '--print', '--only', 'indexes'])).out).toBe(plainSql().trimEnd())
      expect((await cli(['migrate', '--print', '--only', 'indexes', '--concurrent'])).out).toBe(
        concurrentSql().trimEnd(),
      )
      const write = ['migrate', '--write', folder, '--only', 'indexes,dedup']
      expect(await cli(write)).toMatchObject({ code: 0, error: '' })
      expect(await cli(write)).toMatchObject({ code: 0, error: '' })
      expect((await readdir(folder)).sort()).toEqual(['0001_performance_indexes.sql', '0003_dedup.sql'])
      await writeFile(join(folder, '0003_dedup.sql'), 'mine')
      expect(await cli(write)).toMatchObject({ code: 1 })
      expect(await readFile(join(folder, '0003_dedup.sql'), 'utf8')).toBe('mine')
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
