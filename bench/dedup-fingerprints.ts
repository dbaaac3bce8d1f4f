/** `mark` with fingerprints: 300 000 new ids in each window. */
import { createDedup } from '@easymo/perf/dedup'
import { freshIds } from './dedup-ids.ts'
import { hours, lruCache, roomFor, WINDOW_MS } from './dedup-setup.ts'
import { judge, type Comparison } from './harness.ts'

const IDS = 300_000
const ROUNDS = 9

interface Kind {
  readonly name: string
  readonly run: (ids: readonly string[]) => number
}

/** Each loop is written out, so that its call site knows one kind of memory only; it counts what was new. */
function kinds(): [ours: Kind, theirs: Kind] {
  const time = hours()
  const dedup = createDedup({ windowMs: WINDOW_MS, ids: 'fingerprints', host: time.host })
  const cache = lruCache(roomFor(IDS))
  return [
    {
      name: 'easymo mark, fingerprints',
      run(ids) {
        let fresh = 0
        time.pass(1)
        for (const id of ids) if (dedup.mark(id)) fresh += 1
        return fresh
      },
    },
    {
      name: 'lru-cache get and set, default',
      run(ids) {
        let fresh = 0
        for (const id of ids)
          if (cache.get(id) === undefined) {
            cache.set(id, true)
            fresh += 1
          }
        return fresh
      },
    },
  ]
}

/** Nanoseconds per id of a whole window, so that what it costs to grow is in it. */
function window({ name, run }: Kind): number {
  const ids = freshIds(IDS)
  const start = performance.now()
  const fresh = run(ids)
  const ns = ((performance.now() - start) * 1e6) / IDS
  if (fresh !== IDS) throw new Error(`${name}: ${fresh} of ${IDS} ids were new`)
  return ns
}

/** Window by window in turn, beginning with the other one each time. The first two fill both. */
export function fingerprints(): Comparison {
  const [ours, theirs] = kinds()
  const rounds: { ours: number; theirs: number }[] = []
  for (let round = -2; round < ROUNDS; round += 1) {
    const times = new Map<Kind, number>()
    for (const kind of round % 2 === 0 ? [ours, theirs] : [theirs, ours]) times.set(kind, window(kind))
    if (round >= 0) rounds.push({ ours: times.get(ours) ?? NaN, theirs: times.get(theirs) ?? NaN })
  }
  const of = (value: (round: { ours: number; theirs: number }) => number): number => median(rounds.map(value))
  return judge('mark of a new id, 300 k ids in a window', [
    { of: ours.name, value: of((round) => round.ours), unit: 'ns' },
    { of: theirs.name, value: of((round) => round.theirs), unit: 'ns' },
    {
      of: `${ours.name} / ${theirs.name}`,
      value: of((round) => round.ours / round.theirs),
      unit: 'times',
      atMost: 1 / 1.8,
    },
  ])
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN
}
