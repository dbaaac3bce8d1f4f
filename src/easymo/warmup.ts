import type { WaitUntil } from '../core/host.ts'
import { createWarmup, type Warmup, type WarmupReport, type WarmupRun, type WarmupTask } from '../warmup/index.ts'
import { preloadHandlers } from './handlers.ts'
import { hostOf, part, type Ask } from './options.ts'
import { show } from './shown.ts'

/** What is to be done before the first update needs it, by name. */
export type WarmupTasks = Readonly<Record<string, WarmupTask | WarmupRun>>

interface Warmups {
  make(tasks: WarmupTasks | undefined): Warmup
  once: Warmup | undefined
  /** What was made last, for the statistics. */
  last: Warmup | undefined
  isDone(): boolean
}

function warmups(option: Ask): Warmups {
  const host = hostOf(option)
  const planned = option('warmup') ?? { handlers: () => preloadHandlers() }
  let done = false
  const all: Warmups = {
    once: undefined,
    last: undefined,
    // Once it is true it stays so, whatever takes the place of the warm-up that said it.
    isDone: () => (done ||= [all.once, all.last].some((one) => one?.warmedUp === true)),
    make(tasks = planned) {
      all.isDone()
      return (all.last = createWarmup({ tasks, host }))
    },
  }
  show('warmup', 'easymo', () => all.last?.stats() ?? {})
  return all
}

/**
 * Runs the tasks now, each under a deadline of 10 seconds; one that fails does not stop the others, and is in the report.
 *
 * @param tasks - by name. @defaultValue those given to `configureEasymo`; else all registered handlers are loaded
 * @throws OptionError `ERR_PERF_OPTION`
 */
export async function warmup(tasks?: WarmupTasks): Promise<WarmupReport> {
  return part(warmups).make(tasks).run()
}

/**
 * Runs the tasks at the first call; the others get the same run, and its report. After a run that failed, the next call
 * runs again what has not succeeded. The tasks are those of the first call.
 */
export async function warmupOnce(tasks?: WarmupTasks): Promise<WarmupReport> {
  const all = part(warmups)
  return (all.once ??= all.make(tasks)).run()
}

/**
 * Starts {@link warmupOnce}, and returns at once. On Workers call it in a request, with its `waitUntil`; Supabase's is
 * found.
 */
export function backgroundWarmup(tasks?: WarmupTasks, options: { readonly waitUntil?: WaitUntil } = {}): void {
  const all = part(warmups)
  const one = (all.once ??= all.make(tasks))
  one.background(options)
}

/** True once a warm-up has succeeded in this process. */
export function isWarmedUp(): boolean {
  return part(warmups).isDone()
}
