import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

const HOW_TO = `the tests talk to a real Redis, and there is none:
  Debian, Ubuntu:  apt-get install redis-server
  macOS:           brew install redis
  or name one:     TEST_REDIS_URL=redis://127.0.0.1:6379 npm test`

const LOCK_RETRY_MS = 2_000
const LOCK_TIMEOUT_MS = 180_000

/** Where `redis-server` is; in a container (root on a Debian system) it is installed when it is missing. */
export async function redisProgram(): Promise<string> {
  const found = onPath('redis-server')
  if (found !== undefined) return found
  if (process.getuid?.() !== 0 || onPath('apt-get') === undefined) throw new Error(HOW_TO)

  console.error('tests: there is no redis-server; installing it with apt-get')
  // Listed anew only when the package is not known: most images ship without lists.
  await apt('install').catch(async () => {
    await apt('update')
    await apt('install')
  })
  const installed = onPath('redis-server')
  if (installed === undefined) throw new Error(HOW_TO)
  return installed
}

/** Runs `apt-get`, and waits for its turn while another process holds the lock. */
async function apt(what: 'update' | 'install'): Promise<void> {
  const args = what === 'update' ? ['update'] : ['install', '-y', '--no-install-recommends', 'redis-server']
  // Run level 1: the package must not start a service of its own on the machine.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1', LC_ALL: 'C' }
  const until = Date.now() + LOCK_TIMEOUT_MS
  for (;;)
    try {
      await run('apt-get', args, { env })
      return
    } catch (error) {
      const said = String((error as { stderr?: unknown }).stderr)
      const locked = /could not get lock|unable to (acquire|lock)/i.test(said)
      if (!locked || Date.now() > until) throw new Error(`apt-get ${what} failed: ${said}\n${HOW_TO}`, { cause: error })
      console.error(`tests: apt-get ${what} waits for the lock of another process`)
      await sleep(LOCK_RETRY_MS)
    }
}

function onPath(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
