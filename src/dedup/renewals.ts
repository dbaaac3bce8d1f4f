import type { Clock } from '../core/clock.ts'
import { promisesDieWithRequests } from '../core/platform.ts'

/** Something that holds leases, and a link of the chain of all that do. */
export interface Holder {
  /** Prolongs them. Never rejects. */
  renew(): void
  previous: Holder | undefined
  next: Holder | undefined
}

/** Has every holder renew its leases in time. */
export interface Renewals {
  add(holder: Holder): void
  delete(holder: Holder): void
}

/**
 * One timer for all batches of a dedup: most are over long before their leases need renewal, and a timer for each would
 * cost more than the rest of the claim. On Workers a timer ends with the request that set it, so there each batch has
 * its own. A chain, because entering and leaving it is four assignments, less than a look-up in a set.
 */
export function createRenewals(clock: Clock, everyMs: number): Renewals {
  let first: Holder | undefined
  /** Weak: a request that ends takes its timer with it, and does not come back to leave. */
  const alone = new WeakSet<Holder>()
  let running = false

  function run(): void {
    running = first !== undefined
    if (!running) return
    clock.whileAlive(everyMs, run)
    for (let holder = first; holder !== undefined; holder = holder.next) holder.renew()
  }

  function runAlone(holder: Holder): void {
    clock.whileAlive(everyMs, () => {
      if (!alone.has(holder)) return
      runAlone(holder)
      holder.renew()
    })
  }

  return {
    add(holder) {
      if (promisesDieWithRequests()) {
        alone.add(holder)
        return runAlone(holder)
      }
      holder.next = first
      if (first !== undefined) first.previous = holder
      first = holder
      if (running) return
      running = true
      clock.whileAlive(everyMs, run)
    },
    delete(holder) {
      const { previous, next } = holder
      if (previous === undefined && first !== holder) return void alone.delete(holder)
      if (previous === undefined) first = next
      else previous.next = next
      if (next !== undefined) next.previous = previous
      holder.previous = undefined
      holder.next = undefined
    },
  }
}
