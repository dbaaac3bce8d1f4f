import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { seeded } from '../../bench/random.ts'
import { Crew, type Worker } from './crew.ts'
import { historian, readHistory, type Deed, type Terms } from './history.ts'
import { judge, type Verdict } from './judge.ts'
import { printed } from './printed.ts'
import { Sender } from './sender.ts'
import { openSite, type Site } from './site.ts'
import type { StoreKind } from './stores.ts'
import { makeTrouble, privateTroubles, troubleOf } from './trouble.ts'
import type { Doom } from './worker-messages.ts'

export interface TortureOptions {
  readonly store: StoreKind
  /** Updates to be handled. */
  readonly ids: number
  /** Workers that are killed by SIGKILL, spread over the troubles. */
  readonly kills: number
  readonly seed: number
  readonly workers: number
  /** Troubles of the store, of the workers and between them, spread over the run; at least one. */
  readonly troubles: number
  /** Updates whose handler kills its process. */
  readonly killers: number
  /** Updates whose handler takes longer than it may. */
  readonly hangers: number
}

export interface Tortured extends Verdict {
  readonly deliveries: number
  readonly seconds: number
  /** The history, which stays there only when a rule was broken. */
  readonly folder: string
}

/**
 * A worker that has to wait for the processor, on a machine under load, must neither lose its leases by that nor miss the
 * deadline of a call: there would be no excuse.
 */
const LEASE_MS = 4_500
const STORE_TIMEOUT_MS = 1_000
/** Longer than a slow handler takes that holds its lease by renewals. */
const HANDLE_TIMEOUT_MS = LEASE_MS * 2
const MAX_ATTEMPTS = 4
/** So long does a worker have to come to the step at which it ends itself. */
const DOOMED_MS = 10_000
/** So long is everything left sent at the end. */
const LAST_RESENDS_MS = 180_000
const DOOMS: readonly Doom['at'][] = ['effect', 'start', 'end']

/**
 * Sends updates to processes that share a store; kills and stops processes, freezes, crashes and cuts off the store, and
 * makes it forget, while they work; and judges what they have written down.
 *
 * @throws Error when the updates do not come to an end, or the store does not know that they did
 */
export async function torture(options: TortureOptions): Promise<Tortured> {
  const folder = mkdtempSync(join(tmpdir(), 'easymo-perf-torture-'))
  const startedAt = performance.now()
  const site = await openSite(options.store, options.workers)
  try {
    const deliveries = await tortured(options, site, folder)
    const verdict = judge(readHistory(folder))
    if (verdict.violations.length === 0) rmSync(folder, { recursive: true })
    return { ...verdict, deliveries, seconds: (performance.now() - startedAt) / 1_000, folder }
  } catch (error) {
    const verdict = printed(judge(readHistory(folder)))
    throw new Error(`the torture broke off; its history is in ${folder}\n${verdict}`, { cause: error })
  } finally {
    await site.close()
  }
}

async function tortured(options: TortureOptions, site: Site, folder: string): Promise<number> {
  const { store, seed, ids } = options
  const tell = historian(folder)
  const random = seeded(seed)
  const terms: Terms = {
    leaseMs: LEASE_MS,
    handleTimeoutMs: HANDLE_TIMEOUT_MS,
    maxAttempts: MAX_ATTEMPTS,
    killers: spread(options, options.killers, 0.3),
  }
  const hangers = spread(options, options.hangers, 0.7)
  const trains = trainsOf(options)
  const setup = { ...terms, store, folder, seed, hangers, trains, storeTimeoutMs: STORE_TIMEOUT_MS }
  const crew = new Crew(setup, site.lines)
  const sender = new Sender({ crew, random, total: ids, trains })
  try {
    await crew.complete()
    tell({ what: 'terms', ...terms })
    tell({ what: 'sent', ids: sender.ids })
    const sending = sender.run()
    await stages({ options, site, tell, random, crew, sender })
    sender.close()
    await sending
    await lastResend(crew, sender.ids, tell)
    return sender.deliveries
  } finally {
    sender.close()
    await crew.dismiss()
  }
}

const partOf = ({ ids, troubles }: TortureOptions): number => Math.ceil(ids / (troubles + 1))

const TRAIN = 12

/** The last of the updates, one train for each trouble that strikes one worker alone. */
function trainsOf({ ids, troubles }: TortureOptions): readonly (readonly string[])[] {
  return Array.from({ length: privateTroubles(troubles) }, (_, nr) =>
    Array.from({ length: TRAIN }, (__, place) => String(ids - 1 - nr * TRAIN - place)),
  )
}

/** Some of the updates, evenly spread over those between the part that is handled in peace and the trains. */
function spread(options: TortureOptions, count: number, offset: number): readonly string[] {
  const part = partOf(options)
  const others = options.ids - part - privateTroubles(options.troubles) * TRAIN
  return Array.from({ length: count }, (_, nr) => String(Math.floor(part + ((nr + offset) * others) / count)))
}

interface Stages {
  readonly options: TortureOptions
  readonly site: Site
  readonly tell: (deed: Deed) => void
  readonly random: () => number
  readonly crew: Crew
  readonly sender: Sender
}

/** Lets the updates happen part by part: the first in peace, the others with a trouble and kills in the middle. */
async function stages({ options, site, tell, random, crew, sender }: Stages): Promise<void> {
  const { ids, kills, troubles: count } = options
  const part = partOf(options)
  const killing = { crew, random, tell }
  sender.release(part)
  // What is done twice here has no excuse.
  await sender.until(Math.min(part, ids))
  let killed = 0
  for (let stage = 1; stage <= count; stage += 1) {
    sender.release(Math.ceil(part / 2))
    await sender.until(Math.min(stage * part + part / 4, ids))
    const share = Math.ceil((kills * stage) / count)
    const killings = Array.from({ length: share - killed }, (_, nr) => kill(killed + nr, killing))
    killed = share
    // Who is to end himself at a certain step must come to it.
    sender.release(Math.floor(part / 2))
    const how = { site, crew, sender, tell, random, leaseMs: LEASE_MS, storeTimeoutMs: STORE_TIMEOUT_MS }
    await makeTrouble(troubleOf(stage), how)
    await Promise.all(killings)
  }
  await sender.until(ids)
}

/** By its own hand at a certain step; each fourth, and whoever does not come to that step, at whatever it does. */
async function kill(nr: number, { crew, random, tell }: Pick<Stages, 'crew' | 'random' | 'tell'>): Promise<void> {
  const { ready } = crew
  const victim = ready[nr % ready.length]
  if (victim === undefined) throw new Error('there is nobody to kill')
  const at = DOOMS[nr % (DOOMS.length + 1)]
  if (at !== undefined) {
    victim.order({ type: 'doom', doom: { at, after: Math.ceil(random() * 8) } })
    if (await Promise.race([victim.gone.then(() => true), sleep(DOOMED_MS, false)])) return
  }
  tell({ what: 'killed', victim: victim.pid })
  victim.kill()
  await victim.gone
}

/**
 * Everything once more, until nothing is left to do; then to another process: the store knows it all. To processes that
 * remember nothing: others know of what the store has forgotten since.
 */
async function lastResend(crew: Crew, ids: readonly string[], tell: (deed: Deed) => void): Promise<void> {
  const until = performance.now() + LAST_RESENDS_MS
  let worker = await crew.newcomer()
  for (let left = ids; left.length > 0; await sleep(100)) {
    if (performance.now() > until) throw new Error(`${left.length} updates do not come to an end`)
    if (!worker.isReady) worker = await crew.newcomer()
    left = await resent(worker, left, ['done', 'duplicate', 'dead'])
  }
  tell({ what: 'settled' })
  const missing = await resent(await crew.newcomer(), ids, ['duplicate', 'dead'])
  if (missing.length > 0) throw new Error(`the store does not know ${missing.length} updates to have ended`)
}

const PER_DELIVERY = 500
const LANES = 8

/** Those that were answered as something else. */
async function resent(worker: Worker, ids: readonly string[], answers: readonly string[]): Promise<readonly string[]> {
  const left: string[] = []
  const deliveries = Array.from({ length: Math.ceil(ids.length / PER_DELIVERY) }, (_, nr) =>
    ids.slice(nr * PER_DELIVERY, (nr + 1) * PER_DELIVERY),
  )
  const lane = async (): Promise<void> => {
    for (let some = deliveries.pop(); some !== undefined; some = deliveries.pop()) {
      const statuses = await worker.deliver(some)
      left.push(...some.filter((_, place) => !answers.includes(statuses?.[place] ?? 'none')))
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  return left
}
