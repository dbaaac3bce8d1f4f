/** One of the processes that share the work: handles the deliveries it is sent, and may be killed at any moment. */
import { setTimeout as sleep } from 'node:timers/promises'
import { seeded } from '../../bench/random.ts'
import { createDedup } from '../../src/dedup/index.ts'
import type { Attempt } from '../../src/core/updates.ts'
import { historian } from './history.ts'
import { openStore } from './stores.ts'
import { watchedStore } from './watched-store.ts'
import type { Doom, Order, Report, WorkerSetup } from './worker-messages.ts'

const NAME = 'torture'
const FAILS = 0.01
const SLOW = 0.002
/** Of the first updates, which are handled while all is well, so many are slow, too. */
const isSlowFirst = (id: string): boolean => Number(id) < 100 && Number(id) % 10 === 0
const LONGEST_PAUSE_MS = 6

const setup = JSON.parse(process.argv[2] ?? '') as WorkerSetup
const { leaseMs, storeTimeoutMs, seed } = setup
const tell = historian(setup.folder)
const store = await openStore(setup.store, setup.url)
const watched = watchedStore(store, { tell, timeoutMs: storeTimeoutMs, prefix: `${NAME}:` })
const dedup = createDedup({ name: NAME, store: watched, leaseMs, storeTimeoutMs, retentionMs: 3_600_000 })
let doom: Doom | undefined
let left = 0

process.on('message', (order: Order) => {
  if (order.type === 'deliver') return void deliver(order.nr, order.ids)
  doom = order.doom
  left = doom.after
})
process.on('disconnect', () => process.exit(0))
report({ type: 'ready' })

async function deliver(nr: number, ids: readonly string[]): Promise<void> {
  try {
    const results = await dedup.each(ids, { key: (id) => id, handle, waitMs: 200 })
    const statuses = results.map((result) => ('degraded' in result ? 'degraded' : result.status))
    ids.forEach((id, at) => tell({ what: 'told', id, status: results[at]?.status ?? 'none' }))
    report({ type: 'answered', nr, statuses })
  } catch {
    report({ type: 'answered', nr, statuses: undefined })
  }
}

async function handle(id: string, { token, attempt }: Attempt): Promise<void> {
  const random = seeded(seed + Number(id) * 1_009 + attempt)
  step('start', id, token)
  // Longer than the lease: its owner has to prolong it.
  if (random() < SLOW || isSlowFirst(id)) await sleep(leaseMs * 1.4)
  await sleep(random() * LONGEST_PAUSE_MS)
  if (random() < FAILS) throw new Error('db down')
  step('effect', id, token)
  await sleep(random() * LONGEST_PAUSE_MS)
  step('end', id, token)
}

function step(at: Doom['at'], id: string, token: string): void {
  if (at !== 'end') tell({ what: at, id, token })
  if (doom?.at !== at || (left -= 1) > 0) return
  tell({ what: 'dies' })
  process.kill(process.pid, 'SIGKILL')
}

function report(what: Report): void {
  process.send?.(what)
}
