import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { childrenOf, signalAll, standStill } from './processes.ts'
import type { PrivateServer } from './server.ts'
import { reachable, type User } from './user.ts'

export interface Launch {
  readonly name: string
  readonly command: string
  readonly args: (port: number, folder: string) => readonly string[]
  /** What the server writes when it accepts connections. */
  readonly ready: string
  readonly url: (port: number) => string
  /** The signal that ends it at once and in order. */
  readonly stopSignal: NodeJS.Signals
  /** Whose rights it runs with; ours when absent. */
  readonly user?: User | undefined
}

const ATTEMPTS = 3
const START_TIMEOUT_MS = 30_000

/**
 * Waits for our end of the pipe to close, which the system does however we end, and ends the server then, even one that
 * stands still. It runs in a session of its own, so that Ctrl-C does not reach it.
 */
const GUARD = `cat >/dev/null
children=$(grep -ls "^PPid:[[:space:]]*$1$" /proc/[0-9]*/status | cut -d/ -f3)
kill -s CONT $children $1; kill -s $2 $1
for i in 1 2 3 4 5 6 7 8 9 10; do kill -s 0 $1 || break; sleep 0.2; done
kill -s KILL $1; rm -rf "$3"`

/** What a run that ends in the middle of a start would leave behind. */
const folders = new Set<string>()
const removeAll = (): void => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true }))

/** A folder of its own under the system's temporary folder, owned by `user`. */
export function ownFolder(name: string, user?: User): string {
  const base = user === undefined || reachable(tmpdir()) ? tmpdir() : '/tmp'
  const folder = mkdtempSync(join(base, `easymo-perf-${name}-`))
  if (user !== undefined) chownSync(folder, user.uid, user.gid)
  if (folders.size === 0) process.once('exit', removeAll)
  folders.add(folder)
  return folder
}

/** Removes the folder when what is done in it fails. */
export async function inFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

/** Starts a server on a free port of 127.0.0.1. Another process may take the port first: then it tries another one. */
export async function launch(how: Launch, folder: string): Promise<PrivateServer> {
  for (let attempt = 1; ; attempt += 1)
    try {
      return await launchOn(await freePort(), how, folder)
    } catch (error) {
      if (attempt === ATTEMPTS) throw error
    }
}

async function launchOn(port: number, how: Launch, folder: string): Promise<PrivateServer> {
  const child = spawn(how.command, how.args(port, folder), {
    ...how.user,
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const gone = once(child, 'exit').catch(() => undefined)
  const { pid } = child
  if (pid === undefined) throw new Error(`${how.name} did not start`, { cause: (await once(child, 'error'))[0] })
  const guard = guarded({ pid, folder, signal: how.stopSignal })
  await accepting(child, how).catch((error: unknown) => {
    guard.kill('SIGKILL')
    throw error
  })
  const family = (): number[] => [pid, ...childrenOf(pid)]

  const end = async (signal: NodeJS.Signals, pids: readonly number[]): Promise<void> => {
    signalAll(pids, signal)
    await gone
    guard.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  const running = (): boolean => child.exitCode === null && child.signalCode === null

  return {
    url: how.url(port),
    port,
    pid,
    async pause() {
      // The parent first: it is the one that could make more children.
      signalAll([pid], 'SIGSTOP')
      await standStill([pid])
      const all = family()
      signalAll(all, 'SIGSTOP')
      await standStill(all)
    },
    resume() {
      signalAll(family().reverse(), 'SIGCONT')
      return Promise.resolve()
    },
    async kill() {
      if (!running()) return
      // A client that is cut off must find nobody at the port: the parent, which listens, goes before its children do.
      const children = childrenOf(pid)
      signalAll(children, 'SIGSTOP')
      signalAll([pid], 'SIGKILL')
      await gone
      await end('SIGKILL', children)
    },
    async stop() {
      if (!running()) return
      signalAll(family().reverse(), 'SIGCONT')
      await end(how.stopSignal, [pid])
    },
  }
}

/** Resolves when the server says that it accepts connections; rejects with what it said when it ends before. */
function accepting(child: ChildProcess, { name, ready }: Launch): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    const fail = (why: string): void => {
      clearTimeout(timer)
      child.kill('SIGKILL')
      reject(new Error(`${name} did not start: ${why}\n${said}`))
    }
    const timer = setTimeout(() => fail('it took too long'), START_TIMEOUT_MS)
    const listen = (chunk: Buffer): void => {
      // What it says later is read and dropped, so that a full pipe cannot stall it.
      if (said.includes(ready)) return
      said += chunk.toString()
      if (!said.includes(ready)) return
      clearTimeout(timer)
      resolve()
    }
    child.stdout?.on('data', listen)
    child.stderr?.on('data', listen)
    child.once('exit', () => fail('it ended'))
  })
}

function guarded({ pid, folder, signal }: { pid: number; folder: string; signal: NodeJS.Signals }): ChildProcess {
  const args = ['-c', GUARD, 'guard', String(pid), signal.slice('SIG'.length), folder]
  const guard = spawn('sh', args, { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  guard.unref()
  return guard
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}
