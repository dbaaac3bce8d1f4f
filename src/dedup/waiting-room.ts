import { sleep } from '../core/clock.ts'
import type { Item } from './item.ts'
import type { Ledger } from './ledger.ts'

export interface WaitingRoom {
  /** Resolves as soon as the claim is no longer somebody else's, or as it stands when the time to wait is over. */
  wait(item: Item<unknown>): Promise<void>
}

export interface WaitingRoomOptions {
  readonly ledger: Ledger
  readonly waitMs: number
  /** Nobody waits any more once it aborts. */
  readonly signal?: AbortSignal | undefined
}

const FIRST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 500

/**
 * Waits for updates that another caller works on, by claiming all of them again in one round trip, at first soon, then
 * less and less often. The time to wait counts from when the room was made, for all together.
 */
export function createWaitingRoom({ ledger, waitMs, signal }: WaitingRoomOptions): WaitingRoom {
  const { clock } = ledger.host
  const waiting = new Map<Item<unknown>, () => void>()
  let until: number | undefined
  let running = false

  async function look(): Promise<void> {
    const items = [...waiting.keys()]
    const claiming = ledger.reclaim(items)
    if (claiming !== undefined) await claiming
    for (const item of items) if (item.claim.status !== 'leased') tell(item)
  }

  function tell(item: Item<unknown>): void {
    waiting.get(item)?.()
    waiting.delete(item)
  }

  async function run(): Promise<void> {
    running = true
    until ??= clock.elapsed() + waitMs
    for (let pauseMs = FIRST_PAUSE_MS; waiting.size > 0; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const leftMs = until - clock.elapsed()
      if (leftMs <= 0 || signal?.aborted === true) break
      await sleep(clock, Math.min(pauseMs, leftMs))
      await look()
    }
    for (const item of waiting.keys()) tell(item)
    running = false
  }

  return {
    wait: (item) =>
      new Promise((resolve) => {
        waiting.set(item, resolve)
        if (!running) void run()
      }),
  }
}
