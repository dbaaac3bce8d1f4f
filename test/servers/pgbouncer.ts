import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { debianProgram } from './debian-program.ts'
import { inFolder, launch, ownFolder } from './launch.ts'
import type { PrivateServer } from './server.ts'
import { unprivilegedUser } from './user.ts'

export interface PgBouncerOptions {
  /** Where the Postgres behind it is. */
  readonly url: string
  /** How many connections it keeps to that. */
  readonly poolSize: number
}

/** A real PgBouncer in transaction mode before a Postgres that trusts everybody. */
export async function startPgBouncer({ url, poolSize }: PgBouncerOptions): Promise<PrivateServer> {
  const command = await debianProgram({ program: 'pgbouncer', folder: '/usr/sbin', packages: ['pgbouncer'] })
  const user = unprivilegedUser()
  const folder = ownFolder('pgbouncer', user)
  const { hostname, port: behind } = new URL(url)
  return inFolder(folder, () =>
    launch(
      {
        name: 'PgBouncer',
        command,
        args(port, own) {
          const file = join(own, `${port}.ini`)
          writeFileSync(
            file,
            `[databases]
postgres = host=${hostname} port=${behind} dbname=postgres user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${poolSize}
ignore_startup_parameters = extra_float_digits
`,
          )
          return [file]
        },
        ready: 'process up',
        url: (port) => `postgres://postgres@127.0.0.1:${port}/postgres`,
        // At once: nobody need be waited for.
        stopSignal: 'SIGTERM',
        user,
      },
      folder,
    ),
  )
}
