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
const { leaseMs, storeTimeoutMs, handleTimeoutMs, maxAttempts, seed } = setup
const [killers, hangers] = [new Set(setup.killers), new Set(setup.hangers)]
const tell = historian(setup.folder)
const store = await openStore(setup.store, setup.url)
const watched = watchedStore(store, { tell, prefix: `${NAME}:` })
const dedup = createDedup({ name: NAME, store: watched, leaseMs, storeTimeoutMs, retentionMs: 3_600_000 })
const trainOf = new Map(setup.trains.flatMap((train) => train.map((id) => [id, train[0]] as const)))
/** Some in order, so that many wait for their turn while the process stands still. */
const groupBy = (id: string): string => trainOf.get(id) ?? `of 40: ${Number(id) % 40}`
const HOW = { key: (id: string): string => id, groupBy, waitMs: 200, maxAttempts, handleTimeoutMs }
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
    const results = await dedup.each(ids, { ...HOW, handle, park })
    const statuses = results.map((result) => ('degraded' in result ? 'degraded' : result.status))
    ids.forEach((id, at) => tell({ what: 'told', id, status: results[at]?.status ?? 'none' }))
    report({ type: 'answered', nr, statuses })
  } catch {
    report({ type: 'answered', nr, statuses: undefined })
  }
}

function park(id: string, _: unknown, { token }: Omit<Attempt, 'signal'>): void {
  tell({ what: 'parked', id, token })
}

async function handle(id: string, { token, attempt }: Attempt): Promise<void> {
  const random = seeded(seed + Number(id) * 1_009 + attempt)
  step('start', id, token)
  if (killers.has(id)) die()
  // It does not hear that its time is over, and does its work in the end all the same.
  if (hangers.has(id) && attempt === 1) await sleep(handleTimeoutMs * 1.25)
  // Longer than the lease: its owner has to prolong it.
  const leads = trainOf.get(id) === id
  if (leads) report({ type: 'began', id })
  if (random() < SLOW || isSlowFirst(id) || leads) await sleep(leaseMs * 1.4)
  await sleep(random() * LONGEST_PAUSE_MS)
  if (random() < FAILS) throw new Error('db down')
  step('effect', id, token)
  await sleep(random() * LONGEST_PAUSE_MS)
  step('end', id, token)
}

function step(at: Doom['at'], id: string, token: string): void {
  if (at !== 'end') tell({ what: at, id, token })
  if (doom?.at === at && (left -= 1) <= 0) die()
}

function die(): void {
  tell({ what: 'dies' })
  process.kill(process.pid, 'SIGKILL')
}

function report(what: Report): void {
  process.send?.(what)
}
