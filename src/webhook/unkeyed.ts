import { withDeadline } from '../core/deadline.ts'
import { promisesDieWithRequests } from '../core/platform.ts'
import type { Semaphore } from '../core/semaphore.ts'
import type { CheckedOptions, HandleContext } from './options.ts'
import type { UnkeyedChange, UnkeyedUpdate, Update } from './provider.ts'

/** What the calls of one delivery need. */
export interface UnkeyedCall<Args extends readonly unknown[]> {
  readonly args: Args
  readonly waitUntil: HandleContext<Args>['waitUntil']
  /** Is told what one of them failed with. */
  readonly failed: (error: unknown) => void
}

/**
 * Hands out what no key can be made for: to `onUnkeyed`, else to `handle`, all of a delivery side by side. While one of them
 * is at work, a resend of the same change waits for it; after its time is over, it is called again.
 */
export class Unkeyed<Args extends readonly unknown[], U extends Update> {
  readonly #options: CheckedOptions<Args, U>
  readonly #permits: Semaphore | undefined
  readonly #running = new Map<string, Promise<void>>()

  constructor(options: CheckedOptions<Args, U>, permits: Semaphore | undefined) {
    this.#options = options
    this.#permits = permits
  }

  /** True when one of them failed, so that the provider must resend. Never rejects. */
  async handle(changes: readonly UnkeyedChange[], call: UnkeyedCall<Args>): Promise<boolean> {
    const calls = changes.map(async (change, at) => {
      try {
        await this.#joined(change, at, call)
        return false
      } catch (error) {
        call.failed(error)
        return true
      }
    })
    return (await Promise.all(calls)).includes(true)
  }

  #joined(change: UnkeyedChange, at: number, call: UnkeyedCall<Args>): Promise<void> {
    // Another request's promise may end with it.
    if (promisesDieWithRequests()) return this.#run(change, call)
    // The same place in the same bytes: two changes of one delivery that are alike are two.
    const text = textOf(change.value)
    if (text === undefined) return this.#run(change, call)
    const name = `${at} ${text}`
    const before = this.#running.get(name)
    if (before !== undefined) return before
    const run = this.#run(change, call).finally(() => this.#running.delete(name))
    this.#running.set(name, run)
    return run
  }

  async #run(change: UnkeyedChange, call: UnkeyedCall<Args>): Promise<void> {
    const permits = this.#permits
    const permit = permits && (permits.take() ?? (await permits.wait()))
    try {
      const { host, handleTimeoutMs: timeoutMs } = this.#options
      await withDeadline({ clock: host.clock, timeoutMs, what: 'the handler of an unkeyed change' }, ({ signal }) =>
        this.#call(change, call, signal),
      )
    } finally {
      if (permit !== undefined) permits?.give(permit)
    }
  }

  #call(change: UnkeyedChange, { args, waitUntil }: UnkeyedCall<Args>, signal: AbortSignal): unknown {
    const { onUnkeyed, host } = this.#options
    if (onUnkeyed !== undefined) return onUnkeyed(change, { args, waitUntil })
    const key = host.randomId()
    const update: UnkeyedUpdate = { kind: 'unkeyed', key, group: key, payload: change.value, at: undefined }
    // A provider that gives changes without a key has this kind among its updates.
    return this.#options.handle(update as Update as U, { key, attempt: 1, token: key, signal, args, waitUntil })
  }
}

/** Nothing for what is too deep to be written. */
function textOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}
