import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Family, MetricsView } from '../../src/core/metrics-port.ts'

const ISOLATE = fileURLToPath(new URL('./metrics-isolate.ts', import.meta.url))

export interface IsolateOptions {
  /** A driver, an address, and where the metrics stand there. */
  readonly store: readonly [driver: string, url: string, prefix: string]
  readonly name: string
  readonly rounds: number
  readonly perRound: number
}

/** An isolate in a process of its own. */
export interface Isolate {
  /** Resolves when so many of its rounds have been acknowledged. */
  acknowledged(rounds: number): Promise<void>
  kill(): void
  /** What it had recorded, and what it knew to be stored, when it ended. */
  ended(): Promise<{ readonly recorded: number; readonly acknowledged: number }>
}

export function startIsolate({ store, name, rounds, perRound }: IsolateOptions): Isolate {
  const child = spawn(process.execPath, ['--import', 'tsx', ISOLATE, ...store, name, String(rounds), String(perRound)], { stdio: ['ignore', 'pipe', 'inherit'] }) // prettier-ignore
  const closed = once(child, 'close')
  let wrote = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (wrote += text))
  const times = (letter: string): number => wrote.split(letter).length - 1
  return {
    async acknowledged(wanted) {
      while (times('a') < wanted && child.exitCode === null) await once(child.stdout, 'data')
    },
    kill: () => void child.kill('SIGKILL'),
    async ended() {
      await closed
      return { recorded: times('r') * perRound, acknowledged: times('a') * perRound }
    },
  }
}

/** What the isolates have counted together, by the name of the metric and the isolate. */
export function countsOf(view: MetricsView): Record<string, number> {
  const counts: Record<string, number> = {}
  const read = (family: Family): void => {
    if (family.type === 'counter') family.each(([name = ''], value) => (counts[`${family.name} ${name}`] = value))
    if (family.type === 'histogram') family.each(([name = ''], { count }) => (counts[`${family.name} ${name}`] = count))
  }
  for (const family of view.families()) read(family)
  return counts
}
