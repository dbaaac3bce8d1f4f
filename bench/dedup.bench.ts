/**
 * The dedup against what people use to find duplicates: time, memory, pauses, round trips.
 *
 * The drivers are loaded from the beginning, as in a service: clients of Redis bring a subclass of `String`, and from
 * then on V8 reads strings unit by unit at more than twice the price.
 */
import { delivery } from './dedup-delivery.ts'
import { fingerprints } from './dedup-fingerprints.ts'
import { heap } from './dedup-heap.ts'
import { marks } from './dedup-mark.ts'
import { onces } from './dedup-once.ts'
import { worstMarks } from './dedup-pauses.ts'
import { stores } from './dedup-stores.ts'
import type { Comparison } from './harness.ts'

// The bundle is also the program of the processes that count memory and pauses.
export { measureHeap } from './dedup-heap.ts'
export { measurePauses } from './dedup-pauses.ts'

export async function run(): Promise<Comparison[]> {
  return [
    ...(await marks()),
    fingerprints(),
    heap(),
    worstMarks(),
    await onces(),
    ...(await stores()),
    await delivery(),
  ]
}
