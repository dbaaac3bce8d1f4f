import { atLeast, hasMethods, isFunction, isText, isTimeout, knownOptions } from '../core/check.ts'
import { sleep } from '../core/clock.ts'
import { OptionError } from '../core/errors.ts'
import type { Attempt, ClaimAllOptions, ClaimAllResult } from '../core/updates.ts'
import { HANDLE_TIMEOUT_MS } from './batch.ts'
import { HeldLeases } from './held-leases.ts'
import { Item } from './item.ts'
import type { Fate, Ledger } from './ledger.ts'
import { runInTime } from './run-in-time.ts'

type Work<T> = (attempt: Attempt) => T | Promise<T>

const FIRST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 500

/**
 * Does one piece of work for several keys. It goes through these states:
 *
 * | state | holds | left by |
 * |---|---|---|
 * | claiming | nothing yet | all ended: *duplicate*; all others won: working; one held elsewhere: giving back |
 * | giving back | what was won, unbegun | waiting |
 * | waiting | nothing | its pause: claiming; the end of its time: *in progress* |
 * | working | all that was won | the end of the work: *done*, *undone*, or what it threw |
 */
export async function claimAll<T>(
  ledger: Ledger,
  { keys, work, options = {} }: { keys: readonly string[]; work: Work<T>; options?: ClaimAllOptions<T> | undefined },
): Promise<ClaimAllResult<T>> {
  checkOptions(keys, work, options)
  const { waitMs = ledger.waits ? 5_000 : 0, signal } = options
  signal?.throwIfAborted()
  const { host, counts } = ledger
  const names = [...new Set(keys)]
  counts.checked += names.length
  const until = host.clock.elapsed() + waitMs
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    const { won, held } = await claim(ledger, names)
    if (held.length === 0) {
      counts.duplicates += names.length - won.length
      return won.length === 0 ? { status: 'duplicate' } : await workOn(ledger, won, { work, options })
    }
    await endAll(ledger, won, 'unbegun')
    const leftMs = until - host.clock.elapsed()
    if (leftMs <= 0 || signal?.aborted === true) {
      counts.inProgress += held.length
      return { status: 'in-progress', retryAfterMs: Math.max(1, ...held.map(leftOf)) }
    }
    // Of random length: two that want the same keys would give way to each other again and again.
    await sleep(host.clock, Math.min(leftMs, pauseMs * (0.5 + Math.random())))
  }
}

/** @throws OptionError `ERR_PERF_OPTION` */
function checkOptions<T>(keys: readonly string[], work: Work<T>, options: ClaimAllOptions<T>): void {
  if (!Array.isArray(keys) || keys.length === 0) throw new OptionError('keys must be an array of at least one key')
  for (const key of keys) isText('a key', key)
  isFunction('work', work)
  knownOptions(options, 'signal', 'waitUntil', 'waitMs', 'handleTimeoutMs', 'isDone')
  const { signal, waitUntil, waitMs = 0, handleTimeoutMs = 1, isDone } = options
  if (signal !== undefined) hasMethods('signal', signal, 'throwIfAborted', 'addEventListener')
  isFunction('waitUntil', waitUntil, 'optional')
  isFunction('isDone', isDone, 'optional')
  atLeast(0, 'waitMs', waitMs)
  isTimeout('handleTimeoutMs', handleTimeoutMs)
}

interface Claims {
  readonly won: readonly Item<unknown>[]
  /** What somebody else has, or what is in a state that this version does not know. */
  readonly held: readonly Item<unknown>[]
}

async function claim(ledger: Ledger, keys: readonly string[]): Promise<Claims> {
  const open = ledger.remote ? keys.filter((key) => ledger.endOf(key) === undefined) : keys
  const items = open.map((key, at) => new Item(undefined, key, at))
  if (items.length > 0) await ledger.claim(items)
  const won = items.filter(({ claim: { status } }) => status === 'won')
  const held = items.filter(({ claim: { status } }) => status !== 'won' && status !== 'done' && status !== 'dead')
  return { won, held }
}

const leftOf = ({ claim: met }: Item<unknown>): number => (met.status === 'leased' ? met.leftMs : 1)

/** @returns whether the store knows of all the ends */
async function endAll(ledger: Ledger, items: readonly Item<unknown>[], fate: Fate): Promise<boolean> {
  if (fate === 'failed' || fate === 'unbegun') ledger.counts.released += items.length
  const writer = ledger.writer()
  const written = await Promise.all(
    items.map((item) => {
      item.state = fate === 'done' ? 'ending' : 'over'
      return writer.end(item, fate)
    }),
  )
  for (const item of items) item.state = 'over'
  return !written.includes('failed')
}

async function workOn<T>(
  ledger: Ledger,
  items: readonly Item<unknown>[],
  { work, options }: { readonly work: Work<T>; readonly options: ClaimAllOptions<T> },
): Promise<ClaimAllResult<T>> {
  const { counts } = ledger
  const { isDone = () => true, signal } = options
  const leases = new HeldLeases(ledger, items)
  const abortAll = (): void => items.forEach((item) => item.abort(signal?.reason))
  leases.start()
  if (signal?.aborted === true) abortAll()
  else signal?.addEventListener('abort', abortAll)
  let fate: Fate = 'unbegun'
  try {
    const looked = await Promise.all(items.map((item) => leases.look(item)))
    const mayBegin = looked.every((whose) => whose === 'ours' || (whose === 'unsure' && ledger.beginsUnsure))
    // While one was asked for, another one may have been lost.
    if (!mayBegin || items.some(({ state }) => state !== 'claimed'))
      return { status: 'in-progress', retryAfterMs: ledger.leaseMs }
    counts.claimed += items.length
    for (const item of items) item.state = 'running'
    fate = 'failed'
    const value = await run(ledger, items, { work, options })
    // A promise is no yes.
    if (isDone(value) !== true) return { status: 'undone', value }
    fate = 'done'
    counts.completed += items.length
    if (await endAll(ledger, items, fate)) return { status: 'done', value }
    counts.degraded += items.length
    return { status: 'done', value, degraded: true }
  } finally {
    if (fate !== 'done')
      await endAll(
        ledger,
        items.filter(({ state }) => state !== 'over'),
        fate,
      )
    leases.stop()
    signal?.removeEventListener('abort', abortAll)
  }
}

async function run<T>(
  ledger: Ledger,
  items: readonly Item<unknown>[],
  { work, options }: { readonly work: Work<T>; readonly options: ClaimAllOptions<T> },
): Promise<T> {
  const { handleTimeoutMs: timeoutMs = HANDLE_TIMEOUT_MS, isDone = () => true } = options
  const attempt = new SharedAttempt(items)
  const late = (value: T): void => {
    if (isDoneLate(isDone, value)) for (const item of items) ledger.doneLate(item)
  }
  return runInTime(ledger, work(attempt), { item: attempt.item, timeoutMs, late })
}

/** Nobody waits for it any more, so that a throw says no. */
function isDoneLate<T>(isDone: (value: T) => boolean, value: T): boolean {
  try {
    return isDone(value) === true
  } catch {
    return false
  }
}

/** What the work is told of its keys: the first one's name and proof, and the signal that any of them aborts. */
class SharedAttempt implements Attempt {
  readonly item: Item<unknown>
  readonly attempt: number

  constructor(items: readonly Item<unknown>[]) {
    const [first = new Item(undefined, '', 0), ...others] = items
    this.item = first
    this.attempt = Math.max(...items.map(({ attempt }) => attempt))
    for (const other of others) other.onAbort = (reason) => first.abort(reason)
  }

  get key(): string {
    return this.item.key
  }

  get token(): string {
    return this.item.token
  }

  get signal(): AbortSignal {
    return this.item.signal
  }
}
