import { sleep, type Clock } from '../core/clock.ts'
import type { End, Release } from '../core/dedup-store.ts'
import type { Item } from './item.ts'
import type { EndWriter, Fate, Written } from './ledger.ts'

/** Writes ends and gives claims back, many at a time. Never rejects. */
export interface ManyWriter {
  complete(ends: readonly End[]): Promise<readonly Written[]>
  release(claims: readonly Release[]): Promise<void>
}

interface Waiting {
  readonly item: Item<unknown>
  readonly fate: Fate
  readonly tell: (written: Written) => void
}

const GATHER_MS = 25

/**
 * Writes the ends of a batch's claims together: at most one write is under way, and one starts at most every 25 ms, so
 * that a batch of a thousand costs a few round trips, and a kill in the middle of it repeats a handful of updates, not
 * hundreds.
 */
export function gatheringWriter(clock: Clock, writer: ManyWriter): EndWriter {
  let waiting: Waiting[] = []
  let running = false

  async function complete(batch: readonly Waiting[]): Promise<void> {
    const mine = batch.flatMap(({ item: { key, token }, fate, tell }) =>
      fate === 'done' || fate === 'dead' ? [{ end: { key, token, as: fate }, tell }] : [],
    )
    if (mine.length === 0) return
    const written = await writer.complete(mine.map(({ end }) => end))
    mine.forEach(({ tell }, at) => tell(written[at] ?? 'failed'))
  }

  async function release(batch: readonly Waiting[]): Promise<void> {
    const mine = batch.filter(({ fate }) => fate === 'failed' || fate === 'unbegun')
    if (mine.length === 0) return
    await writer.release(mine.map(({ item: { key, token }, fate }) => ({ key, token, begun: fate === 'failed' })))
    for (const { tell } of mine) tell('kept')
  }

  async function run(): Promise<void> {
    running = true
    // What ends in the same turn goes into the first write.
    await undefined
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      const pause = sleep(clock, GATHER_MS)
      await Promise.all([complete(batch), release(batch)])
      await pause
    }
    running = false
  }

  return {
    end: (item, fate) =>
      new Promise((tell) => {
        waiting.push({ item, fate, tell })
        if (!running) void run()
      }),
  }
}
