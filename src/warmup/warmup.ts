import { atLeast, hasMethods, knownOptions, wholeAtLeast } from '../core/check.ts'
import { OptionError } from '../core/errors.ts'
import { defaultHost, keepAlive, type Host, type WaitUntil } from '../core/host.ts'
import { createSingleFlight } from '../core/single-flight.ts'
import { runTask, statsOf, taskOf } from './task.ts'
import type { Task, WarmupRun, WarmupTask, WarmupTaskReport, WarmupTaskStats } from './task.ts'

/** The tasks of a warm-up and the limits under which they run. */
export interface WarmupOptions<Name extends string = string> {
  /** What to do, by name, in the order in which it is started; a function, or an object for a deadline of its own. */
  readonly tasks: { readonly [name in Name]: WarmupTask | WarmupRun }
  /** So many tasks at the same time. @defaultValue 2 */
  readonly concurrency?: number
  /** How long one task may take, in milliseconds. @defaultValue 10_000 */
  readonly timeoutMs?: number
  readonly host?: Host
}

/** What one caller of {@link Warmup.run} wants; it changes nothing for the others. */
export interface WarmupRunOptions {
  /** Ends this caller's wait; the tasks go on. */
  readonly signal?: AbortSignal
  /** Keeps the tasks alive after the answer was sent. */
  readonly waitUntil?: WaitUntil
}

/** How a run ended: every task by name, the failed ones with their error. */
export interface WarmupReport<Name extends string = string> {
  /** True when every task that is not optional has succeeded. */
  readonly ok: boolean
  readonly tasks: { readonly [name in Name]: WarmupTaskReport }
}

/** Named tasks that run before the first update needs what they prepare, and where they stand. */
export interface Warmup<Name extends string = string> {
  /** True once a run was `ok`; never false again. */
  readonly warmedUp: boolean
  /**
   * Runs the tasks, each under its own deadline; one that fails does not stop the others.
   *
   * Callers that come while it runs get the same promise (on Workers one of their own). Once a run was `ok`, later calls
   * give its report and do nothing. After one that was not, the next call runs again what has not succeeded.
   *
   * @returns a report; failed tasks are in it, and are not thrown
   * @throws TimeoutError `ERR_PERF_TIMEOUT` when the process stood still for longer than all deadlines together
   * @throws the reason of `signal`
   */
  run(options?: WarmupRunOptions): Promise<WarmupReport<Name>>
  /** Starts a run, unless one is under way or done, and returns at once; `host.drain` or `waitUntil` waits for it. */
  background(options?: Pick<WarmupRunOptions, 'waitUntil'>): void
  /** Where each task stands now, by name; starts nothing, so a health check may ask. */
  stats(): { readonly [name in Name]: WarmupTaskStats }
}

/** Timers fire late by a little, each of them: the deadline of the whole must not come before that of its last task. */
const SLACK_MS = 1_000

/**
 * Makes a warm-up: named tasks that fill caches, open connections and load handlers before the first update needs them.
 *
 * Nothing runs until `run` or `background` is called; on Workers, call them in a request.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function createWarmup<Name extends string>(options: WarmupOptions<Name>): Warmup<Name> {
  knownOptions(options, 'tasks', 'concurrency', 'timeoutMs', 'host')
  const { concurrency = 2, timeoutMs = 10_000, host = defaultHost } = options
  wholeAtLeast(1, 'concurrency', concurrency)
  atLeast(1, 'timeoutMs', timeoutMs)
  hasMethods('host', host, 'observe', 'track')
  const tasks = tasksOf(options.tasks, timeoutMs)
  const longestMs = tasks.reduce((sum, task) => sum + task.timeoutMs, SLACK_MS)
  const flights = createSingleFlight<WarmupReport<Name>>({ host, timeoutMs: longestMs, what: 'the warm-up' })
  let done: WarmupReport<Name> | undefined

  const runAll = async (): Promise<WarmupReport<Name>> => {
    const report = await reportOf(tasks, concurrency, host)
    if (report.ok) done ??= report as WarmupReport<Name>
    return report
  }
  const run: Warmup<Name>['run'] = ({ signal, waitUntil } = {}) =>
    done === undefined ? flights.run('', runAll, { signal, waitUntil }) : Promise.resolve(done)

  return {
    get warmedUp() {
      return done !== undefined
    },
    run,
    background({ waitUntil } = {}) {
      if (done === undefined) keepAlive(host, waitUntil, run(waitUntil === undefined ? {} : { waitUntil }))
    },
    stats() {
      const elapsedMs = host.clock.elapsed()
      const stats = tasks.map((task) => [task.name, statsOf(task, elapsedMs)] as const)
      return Object.fromEntries(stats) as { [name in Name]: WarmupTaskStats }
    },
  }
}

function tasksOf(tasks: Readonly<Record<string, WarmupTask | WarmupRun>>, timeoutMs: number): Task[] {
  if (typeof tasks !== 'object' || tasks === null) throw new OptionError('tasks must be an object')
  return Object.entries(tasks).map(([name, task]) => taskOf(name, task, timeoutMs))
}

/** Runs what has not succeeded before, a few at a time, in order. */
async function reportOf(tasks: readonly Task[], concurrency: number, host: Host): Promise<WarmupReport> {
  const reports = new Map<string, WarmupTaskReport>()
  const waiting = [...tasks]
  const worker = async (): Promise<void> => {
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift())
      reports.set(task.name, await runTask(task, host))
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, waiting.length) }, worker))
  const ok = [...reports.values()].every(({ status, optional }) => status === 'ok' || optional)
  return { ok, tasks: Object.fromEntries(reports) }
}
