import { execFile } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { basename, delimiter, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A program that tests run, and how to get it. */
export interface DebianProgram {
  /** Its name on the path. */
  readonly program: string
  /** Where it is when that is not on the path. */
  readonly folder?: string
  /** What to install when it is missing. */
  readonly packages: readonly string[]
  /** Tells a person how to get it where we cannot install it. @defaultValue the command for Debian */
  readonly hint?: string
}

const LOCK_RETRY_MS = 2_000
const LOCK_TIMEOUT_MS = 180_000

/** Where a program is; in a container (root on a Debian system) it is installed when it is missing. */
export async function debianProgram(wanted: DebianProgram): Promise<string> {
  const { packages, program } = wanted
  const found = whereIs(wanted)
  if (found !== undefined) return found
  if (process.getuid?.() !== 0 || onPath('apt-get') === undefined) throw new Error(hintOf(wanted))

  console.error(`tests: there is no ${program}; installing ${packages.join(', ')} with apt-get`)
  const install = ['install', '-y', '--no-install-recommends', ...packages]
  // Listed anew only when the package is not known: most images ship without lists.
  await apt(install, wanted).catch(async () => {
    await apt(['update'], wanted)
    await apt(install, wanted)
  })
  const installed = whereIs(wanted)
  if (installed === undefined) throw new Error(hintOf(wanted))
  return installed
}

/** A file that a package brings, e.g. a library that has no program; installed when it is missing, as above. */
export async function debianFile(file: string, ...packages: readonly string[]): Promise<string> {
  const isThere = (): boolean => existsSync(file)
  if (isThere()) return file
  await debianProgram({ program: basename(file), folder: dirname(file), packages }).catch((error: unknown) => {
    // Installed, but no program: which is as it should be.
    if (!isThere()) throw error
  })
  return file
}

function hintOf({ program, packages, hint }: DebianProgram): string {
  return (
    hint ?? `the tests need ${program}, and there is none:\n  Debian, Ubuntu:  apt-get install ${packages.join(' ')}`
  )
}

/** Runs `apt-get`, and waits for its turn while another process holds the lock. */
async function apt(args: readonly string[], wanted: DebianProgram): Promise<void> {
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
      const failed = `apt-get ${args[0]} failed: ${said}\n${hintOf(wanted)}`
      if (!locked || Date.now() > until) throw new Error(failed, { cause: error })
      console.error(`tests: apt-get ${args[0]} waits for the lock of another process`)
      await sleep(LOCK_RETRY_MS)
    }
}

function whereIs({ program, folder }: DebianProgram): string | undefined {
  if (folder === undefined) return onPath(program)
  const file = join(folder, program)
  return isExecutable(file) ? file : undefined
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
