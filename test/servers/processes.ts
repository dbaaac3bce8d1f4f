import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** The fields of `/proc/<pid>/stat` after the name, which may itself hold blanks and brackets. */
function stat(pid: number): readonly string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

/** The direct children of `parent`: a Postgres serves every connection in a process of its own. Linux only; else none. */
export function childrenOf(parent: number): number[] {
  let names: string[]
  try {
    names = readdirSync('/proc')
  } catch {
    return []
  }
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => stat(pid)?.[1] === String(parent))
}

/** Sends a signal; a process that is gone already is no error. */
export function signalAll(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids)
    try {
      process.kill(pid, name)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
}

/** Waits until none of these processes runs any more: a signal is acted on when its process is next scheduled. */
export async function standStill(pids: readonly number[]): Promise<void> {
  for (const pid of pids) while ('RSD'.includes(stat(pid)?.[0] ?? 'T')) await sleep(2)
}
