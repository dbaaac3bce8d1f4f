import { atLeast, hasMethods, isFunction, isTimeout, knownOptions, oneOf, wholeAtLeast } from '../core/check.ts'
import { OptionError } from '../core/errors.ts'
import type { EachOptions, EachResult } from '../core/updates.ts'
import { Batch } from './batch.ts'
import { Item } from './item.ts'
import type { Ledger } from './ledger.ts'

/** A batch before it is claimed: what is to be worked on, and what is known already. */
interface Plan<U, T> {
  readonly results: EachResult<T>[]
  readonly items: Item<U>[]
  /** Updates whose key stood in the batch before: they end as the first one does. */
  readonly repeats: { readonly key: string; readonly at: number; readonly first: number }[]
}

/** A call of a dedup. */
export interface EachCall<U, T, R> {
  readonly updates: readonly U[]
  readonly options: EachOptions<U, T>
  /** @throws OptionError `ERR_PERF_OPTION` */
  readonly check: (options: EachOptions<U, T>) => void
  /** What the caller gets of the results. Here, because a function around this one that awaits it costs a promise more. */
  readonly answer: (results: EachResult<T>[]) => R
}

/** Handles every update of a batch that was not done before: one claim for all, then group by group. */
export async function runEach<U, T, R>(ledger: Ledger, call: EachCall<U, T, R>): Promise<R> {
  const { updates, options } = call
  call.check(options)
  if (!Array.isArray(updates)) throw new OptionError('updates must be an array')
  options.signal?.throwIfAborted()
  const plan = planned(ledger, updates, options)
  const { items, results } = plan
  if (items.length > 0) {
    // Before the claim: a `groupBy` that throws must leave no lease behind.
    const inOrder = groups(items, options.groupBy)
    const claiming = ledger.claim(items)
    if (claiming !== undefined) await claiming
    const batch = new Batch<U, T>(ledger, items, { options, results })
    batch.start()
    try {
      await batch.settle(inOrder)
      const writing = batch.written()
      if (writing !== undefined) await writing
    } finally {
      batch.close()
    }
  }
  for (const { key, at, first } of plan.repeats) results[at] = repeated(results[first], key)
  return call.answer(results)
}

/** @throws OptionError `ERR_PERF_OPTION` */
export function checkEachOptions<U, T>(options: EachOptions<U, T>): void {
  knownOptions(options, ...EACH_OPTIONS)
  const { key, groupBy, handle, park, waitUntil, signal, permits, afterFailure = 'continue' } = options
  const { concurrency = 1, maxAttempts = 1, waitMs = 0, handleTimeoutMs = 1 } = options
  isFunction('key', key)
  isFunction('handle', handle)
  isFunction('groupBy', groupBy, 'optional')
  isFunction('park', park, 'optional')
  isFunction('onFailure', options.onFailure, 'optional')
  isFunction('waitUntil', waitUntil, 'optional')
  if (signal !== undefined) hasMethods('signal', signal, 'throwIfAborted', 'addEventListener')
  wholeAtLeast(1, 'concurrency', concurrency)
  wholeAtLeast(1, 'maxAttempts', maxAttempts)
  atLeast(0, 'waitMs', waitMs)
  isTimeout('handleTimeoutMs', handleTimeoutMs)
  oneOf(['continue', 'stop'], 'afterFailure', afterFailure)
  if (permits !== undefined) hasMethods('permits', permits, 'take', 'wait', 'give')
}

const EACH_OPTIONS = [
  ...['key', 'groupBy', 'concurrency', 'permits', 'maxAttempts', 'waitMs', 'handleTimeoutMs', 'afterFailure'],
  ...['handle', 'park', 'onFailure', 'signal', 'waitUntil'],
]

function planned<U, T>(ledger: Ledger, updates: readonly U[], { key: keyOf }: EachOptions<U, T>): Plan<U, T> {
  const plan: Plan<U, T> = { results: new Array<EachResult<T>>(updates.length), items: [], repeats: [] }
  // Most deliveries hold one update, which cannot repeat another.
  const places = updates.length > 1 ? new Map<string, number>() : undefined
  updates.forEach((update, at) => {
    const key = keyOf(update)
    if (typeof key !== 'string' || key === '') throw new OptionError('key must give a string that is not empty')
    const first = places?.get(key)
    const ended = ledger.remote ? ledger.endOf(key) : undefined
    if (first !== undefined) plan.repeats.push({ key, at, first })
    else if (ended !== undefined) plan.results[at] = { key, status: ended === 'done' ? 'duplicate' : 'dead' }
    else {
      places?.set(key, at)
      plan.items.push(new Item(update, key, at))
    }
  })
  ledger.counts.checked += updates.length
  ledger.counts.duplicates += updates.length - plan.items.length
  return plan
}

function groups<U>(items: readonly Item<U>[], groupBy?: (update: U) => string): (readonly Item<U>[])[] {
  if (items.length === 1) return [items]
  if (groupBy === undefined) return items.map((item) => [item])
  const byGroup = new Map<string, Item<U>[]>()
  for (const item of items) {
    const name = groupBy(item.update)
    const group = byGroup.get(name)
    if (group === undefined) byGroup.set(name, [item])
    else group.push(item)
  }
  return [...byGroup.values()]
}

function repeated<T>(first: EachResult<T> | undefined, key: string): EachResult<T> {
  return first === undefined || first.status === 'done' ? { key, status: 'duplicate' } : first
}
