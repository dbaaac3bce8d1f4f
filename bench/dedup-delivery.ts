/** How often a delivery of a thousand updates asks its store. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createDedup, memoryDedupStore, type DedupStore } from '@easymo/perf/dedup'
import { freshIds } from './dedup-ids.ts'
import { judge, type Comparison } from './harness.ts'
import { seeded } from './random.ts'

const UPDATES = 1_000
const GATHER_MS = 25
const LONGEST_HANDLER_MS = 5

type Method = keyof DedupStore

/** A store that notes when each call began. */
function noting(store: DedupStore): { readonly store: DedupStore; readonly calls: Record<Method, number[]> } {
  const claiming = { claimMany: [], beginMany: [], renewMany: [] }
  const calls: Record<Method, number[]> = { ...claiming, completeMany: [], releaseMany: [], reviveMany: [] }
  const noted = (method: Method): DedupStore => {
    calls[method].push(performance.now())
    return store
  }
  return {
    calls,
    store: {
      claimMany: (...args) => noted('claimMany').claimMany(...args),
      beginMany: (...args) => noted('beginMany').beginMany(...args),
      renewMany: (...args) => noted('renewMany').renewMany(...args),
      completeMany: (...args) => noted('completeMany').completeMany(...args),
      releaseMany: (...args) => noted('releaseMany').releaseMany(...args),
      reviveMany: (...args) => noted('reviveMany').reviveMany(...args),
    },
  }
}

/** From one beginning to the next, on the average. */
function perGathering(starts: readonly number[]): number {
  const [first = NaN, last = NaN] = [starts[0], starts.at(-1)]
  return ((starts.length - 1) * GATHER_MS) / (last - first)
}

export async function delivery(): Promise<Comparison> {
  const { store, calls } = noting(memoryDedupStore())
  const dedup = createDedup({ name: 'bench', store })
  const random = seeded(UPDATES)
  const ids = freshIds(UPDATES)
  let handled = 0
  const handle = async (): Promise<void> => {
    await sleep(random() * LONGEST_HANDLER_MS)
    handled += 1
  }
  const deliver = () => dedup.each(ids, { key: (id) => id, handle })
  const countOf = (...methods: Method[]): number => methods.reduce((sum, method) => sum + calls[method].length, 0)
  const countAll = (): number => countOf(...(Object.keys(calls) as Method[]))

  await deliver()
  const [claims, completions] = [countOf('claimMany'), countOf('completeMany')]
  const trips = countAll()
  await deliver()
  const again = countAll() - trips
  if (handled !== UPDATES) throw new Error(`${handled} of ${UPDATES} updates were handled`)
  const unit = 'round trips'
  return judge('a delivery of 1000 updates', [
    { of: 'claims', value: claims, unit, atLeast: 1, atMost: 1 },
    { of: 'completions', value: completions, unit },
    { of: 'completions in 25 ms', value: perGathering(calls.completeMany), unit, atMost: 1 },
    { of: 'all others', value: trips - claims - completions, unit, atMost: 0 },
    { of: 'the same delivery again', value: again, unit, atMost: 0 },
  ])
}
