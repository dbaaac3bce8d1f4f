import { readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

export interface User {
  readonly uid: number
  readonly gid: number
}

/** Postgres refuses to run as root; `nobody` exists everywhere and owns nothing. `undefined` when we are not root. */
export function unprivilegedUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined
  const line = readFileSync('/etc/passwd', 'utf8').match(/^nobody:[^:]*:(\d+):(\d+):/m)
  if (line === null)
    throw new Error('Postgres does not run as root and there is no user "nobody": run the tests as another user')
  return { uid: Number(line[1]), gid: Number(line[2]) }
}

/** Whether anybody may enter the folder: every folder on the way down must let them pass. */
export function reachable(folder: string): boolean {
  const open = (statSync(folder).mode & 0o005) === 0o005
  const parent = dirname(folder)
  return open && (parent === folder || reachable(parent))
}
