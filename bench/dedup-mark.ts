/** `mark` with strings: 10 000 ids in each window, all of them new, or all of them known. */
import { createDedup } from '@easymo/perf/dedup'
import { freshIds, idsText, parsed } from './dedup-ids.ts'
import { hours, lruCache, roomFor, WINDOW_MS } from './dedup-setup.ts'
import { compare, type Candidate, type Comparison } from './harness.ts'

const IDS = 10_000

type Ids = readonly string[]

/** Each loop is written out, so that its call site knows one kind of memory only; it counts what was new. */
function candidates(): Candidate<Ids>[] {
  const time = hours()
  const dedup = createDedup({ windowMs: WINDOW_MS, host: time.host })
  const [byDefault, safe] = [lruCache(roomFor(IDS)), lruCache(roomFor(IDS), { ttlResolution: 0 })]
  let [current, previous] = [new Set<string>(), new Set<string>()]
  return [
    {
      name: 'two Sets by hand',
      ops: IDS,
      run(ids) {
        let fresh = 0
        for (const id of ids) {
          const before = current.size
          if (current.add(id).size > before && !previous.has(id)) fresh += 1
        }
        return fresh
      },
      prepare() {
        previous = current
        current = new Set()
        return freshIds(IDS)
      },
    },
    {
      name: 'easymo mark',
      ops: IDS,
      run(ids) {
        let fresh = 0
        for (const id of ids) if (dedup.mark(id)) fresh += 1
        return fresh
      },
      prepare() {
        time.pass(1)
        return freshIds(IDS)
      },
    },
    {
      name: 'lru-cache get and set, default',
      ops: IDS,
      run(ids) {
        let fresh = 0
        for (const id of ids)
          if (byDefault.get(id) === undefined) {
            byDefault.set(id, true)
            fresh += 1
          }
        return fresh
      },
      prepare: () => freshIds(IDS),
    },
    {
      name: 'lru-cache get and set, ttlResolution 0',
      ops: IDS,
      run(ids) {
        let fresh = 0
        for (const id of ids)
          if (safe.get(id) === undefined) {
            safe.set(id, true)
            fresh += 1
          }
        return fresh
      },
      prepare: () => freshIds(IDS),
    },
  ]
}

function check(measured: readonly Candidate<Ids>[], expected: number): void {
  for (const { name, prepare, run } of measured) {
    const fresh = run(prepare?.() ?? [])
    if (fresh !== expected) throw new Error(`${name}: ${String(fresh)} of ${IDS} ids were new, not ${expected}`)
  }
}

function compared(group: string, measured: readonly Candidate<Ids>[], atMost: number): Promise<Comparison> {
  const of = 'easymo mark'
  return compare(group, measured, [
    { of, against: 'lru-cache get and set, default', atMost },
    { of, against: 'lru-cache get and set, ttlResolution 0', atMost },
  ])
}

export async function marks(): Promise<Comparison[]> {
  const newIds = candidates()
  check(newIds, IDS)
  const first = await compared('mark of a new id, 10 k ids in a window', newIds, 1 / 1.3)
  check(newIds, IDS)

  // The resend of a delivery that all of them hold.
  const text = idsText(IDS)
  const known = candidates().map((candidate) => ({ ...candidate, prepare: () => parsed(text) }))
  check(known, IDS)
  check(known, 0)
  const second = await compared('mark of a known id, 10 k ids in a window', known, 1 / 0.9)
  check(known, 0)
  return [first, second]
}
