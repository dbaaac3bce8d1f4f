/** How long a single `mark` takes at worst while a window fills with a million ids, and when the next one begins. */
import { createDedup } from '@easymo/perf/dedup'
import { freshIds } from './dedup-ids.ts'
import { hours, lruCache, WINDOW_MS } from './dedup-setup.ts'
import { judge, type Comparison, type Figure } from './harness.ts'
import { inOwnProcess } from './own-process.ts'

const IDS = 1_000_000
const IN_NEXT_WINDOW = 10_000
const BURST = 1_000
const RUNS = 3

type Kind = 'nothing' | 'lru-cache' | 'strings' | 'fingerprints'

interface Pauses {
  readonly p9999: number
  readonly worst: number
}

function marker(kind: Kind): { readonly mark: (id: string) => unknown; readonly nextWindow: () => void } {
  const time = hours()
  const nextWindow = (): void => time.pass(1)
  if (kind === 'nothing') return { mark: (id) => id, nextWindow }
  if (kind === 'lru-cache') {
    const cache = lruCache(IDS)
    return { mark: (id) => cache.get(id) ?? cache.set(id, true), nextWindow }
  }
  const dedup = createDedup({ windowMs: WINDOW_MS, ids: kind, host: time.host })
  return { mark: (id) => dedup.mark(id), nextWindow }
}

/** In milliseconds. Nothing is subtracted: collections and the machine's other work are in them. */
export function measurePauses(kind: Kind): Pauses {
  const { mark, nextWindow } = marker(kind)
  const times = new Float64Array(IDS + IN_NEXT_WINDOW)
  for (let marked = 0; marked < times.length;) {
    if (marked === IDS) nextWindow()
    for (const id of freshIds(BURST)) {
      const start = performance.now()
      mark(id)
      times[marked] = performance.now() - start
      marked += 1
    }
  }
  times.sort()
  return { p9999: times[Math.floor(times.length * 0.9999)] ?? NaN, worst: times.at(-1) ?? NaN }
}

/** The medians of three processes: a neighbour that takes the processor away makes a pause, too. */
function pauses(kind: Kind): Pauses {
  const runs = Array.from({ length: RUNS }, () => inOwnProcess<Pauses>(import.meta.url, 'measurePauses', kind))
  const median = (values: number[]): number => values.sort((a, b) => a - b)[RUNS >> 1] ?? NaN
  return { p9999: median(runs.map(({ p9999 }) => p9999)), worst: median(runs.map(({ worst }) => worst)) }
}

function figures(kind: Kind, atMost?: Pauses): Figure[] {
  const unit = 'ms'
  const { p9999, worst } = pauses(kind)
  return [
    { of: `${kind}, p99.99`, value: p9999, unit, ...(atMost && { atMost: atMost.p9999 }) },
    { of: `${kind}, worst`, value: worst, unit, ...(atMost && { atMost: atMost.worst }) },
  ]
}

export function worstMarks(): Comparison {
  return judge('a single mark of a new id, up to 1 M ids, medians of three runs', [
    ...figures('nothing'),
    ...figures('lru-cache'),
    ...figures('strings', { p9999: 1, worst: 50 }),
    ...figures('fingerprints', { p9999: 1, worst: 5 }),
  ])
}
