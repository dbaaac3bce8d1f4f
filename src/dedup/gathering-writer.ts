import { sleep, type Clock } from '../core/clock.ts'
import type { Fate, FateWriter, Written } from './ledger.ts'

interface Waiting {
  readonly key: string
  readonly as: Fate
  readonly tell: (written: Written) => void
}

const GATHER_MS = 25

/**
 * Writes the ends of a batch's claims together: at most one write is under way, and one starts at most every 25 ms, so
 * that a batch of a thousand costs a few round trips, and a kill in the middle of it repeats a handful of updates, not
 * hundreds.
 *
 * @param write - never rejects; answers in the order of the keys
 */
export function gatheringWriter(
  clock: Clock,
  write: (keys: readonly string[], as: Fate) => Promise<Written[]>,
): FateWriter {
  let waiting: Waiting[] = []
  let running = false

  async function writeAll(batch: readonly Waiting[], as: Fate): Promise<void> {
    const mine = batch.filter((one) => one.as === as)
    if (mine.length === 0) return
    const written = await write(
      mine.map((one) => one.key),
      as,
    )
    mine.forEach((one, at) => one.tell(written[at] ?? 'failed'))
  }

  async function run(): Promise<void> {
    running = true
    // What ends in the same turn goes into the first write.
    await undefined
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      const pause = sleep(clock, GATHER_MS)
      await Promise.all([writeAll(batch, 'done'), writeAll(batch, 'dead'), writeAll(batch, 'free')])
      await pause
    }
    running = false
  }

  return {
    end: (key, as) =>
      new Promise((tell) => {
        waiting.push({ key, as, tell })
        if (!running) void run()
      }),
  }
}
