import { atLeast, knownOptions } from '../core/check.ts'
import { OptionError } from '../core/errors.ts'
import type { WaitUntil } from '../core/host.ts'
import { createWarmup, type Warmup, type WarmupReport, type WarmupRun, type WarmupTask } from '../warmup/index.ts'
import { getCachedAppConfig } from './accessors.ts'
import { getPooledClient } from './clients.ts'
import { loadHandlers } from './handlers.ts'
import { hostOf, part, type Ask } from './options.ts'
import { show } from './shown.ts'

/** What is to be done before the first update needs it. */
export interface WarmupConfig {
  /** Make a client. @defaultValue true */
  readonly preloadDatabase?: boolean
  /** Read the settings into their cache. @defaultValue true */
  readonly preloadConfig?: boolean
  /** Load these handlers; names that are not registered are passed over. @defaultValue none */
  readonly preloadHandlerNames?: readonly string[]
  /** How long each step may take, in milliseconds; they run side by side. @defaultValue 5000 */
  readonly timeoutMs?: number
}

/** How one step went; `error` is the message of what failed. */
export interface WarmupStep {
  readonly name: string
  readonly success: boolean
  readonly durationMs: number
  readonly error?: string
}

/** How a warm-up went. */
export interface WarmupResult {
  readonly success: boolean
  readonly durationMs: number
  readonly steps: readonly WarmupStep[]
}

type Tasks = Record<string, WarmupTask | WarmupRun>

interface Warmups {
  make(config: WarmupConfig | undefined): Warmup
  once: Warmup | undefined
  /** What was made last, for the statistics. */
  last: Warmup | undefined
  isDone(): boolean
  now(): number
}

function warmups(option: Ask): Warmups {
  const host = hostOf(option)
  const more = option('warmup') ?? {}
  let done = false
  const all: Warmups = {
    once: undefined,
    last: undefined,
    now: () => host.clock.elapsed(),
    // Once it is true it stays so, whatever takes the place of the warm-up that said it.
    isDone: () => (done ||= [all.once, all.last].some((one) => one?.warmedUp === true)),
    make(config = {}) {
      const { timeoutMs, tasks } = checked(config)
      all.isDone()
      return (all.last = createWarmup({ tasks: { ...tasks, ...more }, concurrency: 4, timeoutMs, host }))
    },
  }
  show('warmup', 'easymo', () => all.last?.stats() ?? {})
  return all
}

/** @throws OptionError `ERR_PERF_OPTION` */
function checked(config: WarmupConfig): { readonly tasks: Tasks; readonly timeoutMs: number } {
  knownOptions(config, 'preloadDatabase', 'preloadConfig', 'preloadHandlerNames', 'timeoutMs')
  const { preloadDatabase = true, preloadConfig = true, preloadHandlerNames: names = [], timeoutMs = 5_000 } = config
  if (!Array.isArray(names)) throw new OptionError('preloadHandlerNames must be an array of names')
  atLeast(1, 'timeoutMs', timeoutMs)
  const tasks: Tasks = {}
  if (preloadDatabase) tasks['database'] = () => void getPooledClient()
  if (preloadConfig) tasks['config'] = () => getCachedAppConfig(getPooledClient())
  if (names.length > 0) tasks['handlers'] = () => loadHandlers(names as readonly string[])
  return { tasks, timeoutMs }
}

async function run(warmup: Warmup): Promise<WarmupResult> {
  const all = part(warmups)
  const startedAt = all.now()
  const { ok, tasks }: WarmupReport = await warmup.run()
  // In the order in which they were asked for, and not in which they ended.
  const steps = Object.keys(warmup.stats()).flatMap((name) => {
    const task = tasks[name]
    if (task === undefined) return []
    const step = { name, success: task.status === 'ok', durationMs: task.durationMs }
    return task.status === 'ok' ? step : { ...step, error: messageOf(task.error) }
  })
  return { success: ok, durationMs: all.now() - startedAt, steps }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'it failed')

/**
 * Warms up now: the steps `database`, `config`, `handlers`, and those given to `configureEasymo`; one that fails does not
 * stop the others, and is in the result with its `error`. Never rejects for a step.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export async function warmup(config?: WarmupConfig): Promise<WarmupResult> {
  return run(part(warmups).make(config))
}

/**
 * Warms up at the first call; the others get the same run. **After a run that failed, the next call runs again what has not
 * succeeded.** The steps are those of the first call.
 */
export async function warmupOnce(config?: WarmupConfig): Promise<WarmupResult> {
  const all = part(warmups)
  return run((all.once ??= all.make(config)))
}

/**
 * Starts {@link warmupOnce}, and returns at once; {@link isWarmedUp} is true when it has succeeded. On Workers call it in a
 * request, with its `waitUntil`; Supabase's is found.
 */
export function backgroundWarmup(config?: WarmupConfig, options: { readonly waitUntil?: WaitUntil } = {}): void {
  const all = part(warmups)
  const one = (all.once ??= all.make(config))
  one.background(options)
}

/** True once a warm-up has succeeded in this process, be it in the background. */
export function isWarmedUp(): boolean {
  return part(warmups).isDone()
}
