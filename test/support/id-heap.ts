/** How many bytes of memory an id costs: a program for a process of its own, which `held-bytes.ts` starts. */
import { setImmediate } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { createDedup } from '../../src/dedup/index.ts'
import { manualClock } from '../../src/testing/clock.ts'
import { createHost } from '../../src/core/host.ts'

const [what = '', count = 0, from = 'parsed'] = JSON.parse(process.argv[2] ?? '[]') as [string?, number?, string?]
const clock = manualClock()
const host = createHost({ clock })
const WINDOW_MS = 30_000

/** All ids come within one window. */
function holder(): { mark(id: string): unknown; idle(): unknown } {
  if (what === 'lru-cache') {
    const cache = new LRUCache<string, boolean>({ max: count, ttl: WINDOW_MS, perf: { now: () => clock.elapsed() } })
    return { mark: (id) => cache.get(id) ?? cache.set(id, true), idle: () => cache.get('none') }
  }
  const dedup = createDedup({ host, windowMs: WINDOW_MS, ...(JSON.parse(what) as object) })
  return { mark: (id) => dedup.mark(id), idle: () => dedup.stats() }
}

const id = (at: number): string =>
  `wamid.HBgLMTIzNDU2Nzg5MDEVAgARGBI${at.toString(36).padStart(6, '0').toUpperCase()}5QTNDQTVCM0Q0Q0Q2RTcA`

/** As ids come: each a string of its own, or cut out of the text of a body of 2 kB. */
function* fresh(): Generator<string> {
  for (let at = 0; at < count; at += 1) {
    if (from === 'parsed') yield JSON.parse(`"${id(at)}"`) as string
    else {
      const body = Buffer.from(`{"id":"${id(at)}","text":"${'x'.repeat(2_000)}"}`).toString()
      yield body.slice(7, body.indexOf('"', 7))
    }
  }
}

/** What typed arrays hold lies outside of the heap, and is let go of only after a collection. */
async function bytesInUse(): Promise<number> {
  for (let i = 0; i < 4; i += 1) {
    globalThis.gc?.()
    await setImmediate()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const before = await bytesInUse()
const subject = holder()
for (const one of fresh()) subject.mark(one)
const held = ((await bytesInUse()) - before) / count
await clock.tick(2 * WINDOW_MS)
subject.idle()
console.log(JSON.stringify({ held, idle: ((await bytesInUse()) - before) / count }))
