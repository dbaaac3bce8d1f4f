import type { Clock } from '../core/clock.ts'
import { promisesDieWithRequests } from '../core/platform.ts'

/** Something that holds leases. */
export interface Holder {
  /** Prolongs them. Never rejects. */
  renew(): void
}

/** Has every holder renew its leases in time. */
export interface Renewals {
  add(holder: Holder): void
  delete(holder: Holder): void
}

/**
 * One timer for all batches of a dedup: most are over long before their leases need renewal, and a timer for each would
 * cost more than the rest of the claim. On Workers a timer ends with the request that set it, so there each batch has
 * its own.
 */
export function createRenewals(clock: Clock, everyMs: number): Renewals {
  const holders = new Set<Holder>()
  const own = new Map<Holder, () => void>()
  let running = false

  function run(): void {
    running = holders.size > 0
    if (!running) return
    clock.whileAlive(everyMs, run)
    for (const holder of holders) holder.renew()
  }

  function runOwn(holder: Holder): void {
    own.set(
      holder,
      clock.whileAlive(everyMs, () => {
        runOwn(holder)
        holder.renew()
      }),
    )
  }

  return {
    add(holder) {
      if (promisesDieWithRequests()) return runOwn(holder)
      holders.add(holder)
      if (running) return
      running = true
      clock.whileAlive(everyMs, run)
    },
    delete(holder) {
      if (holders.delete(holder)) return
      own.get(holder)?.()
      own.delete(holder)
    },
  }
}
