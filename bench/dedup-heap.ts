/** What a million remembered ids cost in memory, their strings included, and what stays when nothing comes any more. */
import { createDedup } from '@easymo/perf/dedup'
import { freshIds } from './dedup-ids.ts'
import { hours, lruCache, WINDOW_MS } from './dedup-setup.ts'
import { judge, type Comparison } from './harness.ts'
import { bytesInUse, inOwnProcess } from './own-process.ts'

const IDS = 1_000_000
const BURST = 1_000

type Kind = 'lru-cache' | 'strings' | 'fingerprints'

interface Held {
  /** Bytes for each id while all are remembered. */
  readonly held: number
  /** The same after two windows without any. */
  readonly idle: number
}

function holder(kind: Kind) {
  const time = hours()
  if (kind === 'lru-cache') {
    const cache = lruCache(IDS)
    // Its own clock cannot be set forward; it lets go of what is too old only when that is asked for.
    return { mark: (id: string) => cache.set(id, true), size: () => cache.size, idle: () => undefined }
  }
  const dedup = createDedup({ windowMs: WINDOW_MS, ids: kind, host: time.host })
  return { mark: (id: string) => dedup.mark(id), size: () => dedup.stats().size, idle: () => time.pass(2) }
}

/** For a process of its own, started with `--expose-gc`. */
export async function measureHeap(kind: Kind): Promise<Held> {
  // The code is compiled before the first count.
  fill(holder(kind).mark, 10 * BURST)
  const before = await bytesInUse()
  const { mark, size, idle } = holder(kind)
  fill(mark, IDS)
  if (size() !== IDS) throw new Error(`${kind} holds ${size()} ids`)
  const held = ((await bytesInUse()) - before) / IDS
  idle()
  // Time is looked at when something asks.
  const left = size()
  const bytesLeft = ((await bytesInUse()) - before) / IDS
  // Used once more, so that it was not collected as a whole before it was counted.
  if (size() !== left) throw new Error(`${kind} forgot ids by itself`)
  return { held, idle: bytesLeft }
}

function fill(mark: (id: string) => unknown, count: number): void {
  for (let marked = 0; marked < count; marked += BURST) for (const id of freshIds(BURST)) mark(id)
}

export function heap(): Comparison {
  const [peer, strings, fingerprints] = (['lru-cache', 'strings', 'fingerprints'] as const).map((kind) =>
    inOwnProcess<Held>(import.meta.url, 'measureHeap', kind),
  ) as [Held, Held, Held]
  const unit = 'bytes'
  return judge('memory of an id, 1 M ids', [
    { of: 'lru-cache', value: peer.held, unit },
    { of: 'strings', value: strings.held, unit },
    { of: 'fingerprints', value: fingerprints.held, unit },
    { of: 'strings / lru-cache', value: strings.held / peer.held, unit: 'times', atMost: 0.7 },
    { of: 'fingerprints / lru-cache', value: fingerprints.held / peer.held, unit: 'times', atMost: 0.12 },
    { of: 'strings, after two idle windows', value: strings.idle, unit, atMost: 1 },
    { of: 'fingerprints, after two idle windows', value: fingerprints.idle, unit, atMost: 1 },
  ])
}
