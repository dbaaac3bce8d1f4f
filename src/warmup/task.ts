import { atLeast, isFunction, knownOptions } from '../core/check.ts'
import { withDeadline, type Call } from '../core/deadline.ts'
import { OptionError } from '../core/errors.ts'
import { codeOf } from '../core/fact.ts'
import type { Host } from '../core/host.ts'

/** What one task does; its `signal` aborts at the task's deadline. What it returns is dropped. */
export type WarmupRun = (call: Call) => unknown

/** A task with a deadline of its own, or one that may fail. */
export interface WarmupTask {
  readonly run: WarmupRun
  /** How long the task may take, in milliseconds. @defaultValue the warm-up's `timeoutMs` */
  readonly timeoutMs?: number
  /** When it fails, the warm-up counts as done all the same. @defaultValue false */
  readonly optional?: boolean
}

/** How one task ended. */
export type WarmupTaskReport =
  | { readonly status: 'ok'; readonly durationMs: number; readonly optional: boolean }
  | { readonly status: 'failed'; readonly durationMs: number; readonly optional: boolean; readonly error: unknown }

/** Where one task stands. `durationMs` is 0 while it is idle, and grows while it is running. */
export interface WarmupTaskStats {
  readonly status: 'idle' | 'running' | 'ok' | 'failed'
  readonly durationMs: number
  readonly optional: boolean
}

/** One task of a warm-up, and where it stands. */
export interface Task {
  readonly name: string
  readonly run: WarmupRun
  readonly timeoutMs: number
  readonly optional: boolean
  state: { readonly status: 'idle' } | { readonly status: 'running'; readonly startedAt: number } | WarmupTaskReport
}

/** Checks one entry of the `tasks` option: a task, or just its function. */
export function taskOf(name: string, given: WarmupTask | WarmupRun, defaultTimeoutMs: number): Task {
  const task = typeof given === 'function' ? { run: given } : given
  if (typeof task !== 'object' || task === null) throw new OptionError(`tasks.${name} must be a function or an object`)
  const { run, timeoutMs = defaultTimeoutMs, optional = false } = task
  knownOptions(task, 'run', 'timeoutMs', 'optional')
  isFunction(`tasks.${name}.run`, run)
  atLeast(1, `tasks.${name}.timeoutMs`, timeoutMs)
  if (typeof optional !== 'boolean') throw new OptionError(`tasks.${name}.optional must be true or false`)
  return { name, run, timeoutMs, optional, state: { status: 'idle' } }
}

/**
 * Runs a task to its end or its deadline, unless it has succeeded before; a failure is reported, not thrown.
 *
 * On Workers two runs of one task can overlap, when the request that started the first one seems to have ended. So what
 * succeeded once stays so, whichever of them ends last.
 */
export async function runTask(task: Task, host: Host): Promise<WarmupTaskReport> {
  const { name, run, timeoutMs, optional } = task
  const { clock } = host
  if (task.state.status === 'ok') return task.state
  const startedAt = clock.elapsed()
  task.state = { status: 'running', startedAt }
  const end = (report: WarmupTaskReport): WarmupTaskReport => (task.state = succeeded(task) ?? report)
  try {
    await withDeadline({ clock, timeoutMs, what: `warm-up task "${name}"` }, run)
    return end({ status: 'ok', durationMs: clock.elapsed() - startedAt, optional })
  } catch (error) {
    const durationMs = clock.elapsed() - startedAt
    host.observe({ name: 'warmup.failed', of: name, durationMs, ...codeOf(error) })
    return end({ status: 'failed', durationMs, optional, error })
  }
}

/** Its report, once the task has succeeded. */
function succeeded({ state }: Task): WarmupTaskReport | undefined {
  return state.status === 'ok' ? state : undefined
}

export function statsOf({ state, optional }: Task, elapsedMs: number): WarmupTaskStats {
  if (state.status === 'idle') return { status: 'idle', durationMs: 0, optional }
  if (state.status === 'running') return { status: 'running', durationMs: elapsedMs - state.startedAt, optional }
  return { status: state.status, durationMs: state.durationMs, optional }
}
