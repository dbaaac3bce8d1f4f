import { sleep } from '../core/clock.ts'
import type { Claim } from '../core/dedup-store.ts'
import type { Ledger } from './ledger.ts'

export interface WaitingRoom {
  /** Resolves as soon as the claim is no longer somebody else's, or as it stands when the time to wait is over. */
  wait(key: string, claim: Claim): Promise<Claim>
}

export interface WaitingRoomOptions {
  readonly ledger: Ledger
  readonly token: string
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
export function createWaitingRoom({ ledger, token, waitMs, signal }: WaitingRoomOptions): WaitingRoom {
  const { clock } = ledger.host
  const waiting = new Map<string, { claim: Claim; readonly tell: (claim: Claim) => void }>()
  let until: number | undefined
  let running = false

  function tell(key: string, claim: Claim): void {
    waiting.get(key)?.tell(claim)
    waiting.delete(key)
  }

  async function look(): Promise<void> {
    const keys = [...waiting.keys()]
    const claims = await ledger.reclaim(keys, token)
    keys.forEach((key, at) => {
      const claim = claims[at]
      const seat = waiting.get(key)
      if (claim === undefined || seat === undefined) return
      if (claim.status === 'leased') seat.claim = claim
      else tell(key, claim)
    })
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
    for (const [key, { claim }] of waiting) tell(key, claim)
    running = false
  }

  return {
    wait: (key, claim) =>
      new Promise((tell) => {
        waiting.set(key, { claim, tell })
        if (!running) void run()
      }),
  }
}
