import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { seeded } from '../../bench/random.ts'
import { Crew } from './crew.ts'
import { historian, readHistory, type Deed } from './history.ts'
import { judge, type Verdict } from './judge.ts'
import { Sender } from './sender.ts'
import { openSite, type Site } from './site.ts'
import type { StoreKind } from './stores.ts'
import { makeTrouble, troubles } from './trouble.ts'
import type { Doom } from './worker-messages.ts'

export interface TortureOptions {
  readonly store: StoreKind
  /** Updates to be handled. */
  readonly ids: number
  /** Workers that are killed by SIGKILL, spread over the troubles. */
  readonly kills: number
  readonly seed: number
  readonly workers: number
  /** Troubles between store and workers, spread over the run; at least one. */
  readonly troubles: number
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
/** So long does a worker have to come to the step at which it ends itself. */
const DOOMED_MS = 10_000
/** Times that everything left is sent at the end. */
const LAST_RESENDS = 100
const DOOMS: readonly Doom['at'][] = ['effect', 'start', 'end']

/**
 * Sends updates to processes that share a store, kills processes and freezes, crashes and cuts off the store while they
 * work, and judges what they have written down.
 *
 * @throws Error when the updates do not come to an end, or the store does not know that they did
 */
export async function torture(options: TortureOptions): Promise<Tortured> {
  const folder = mkdtempSync(join(tmpdir(), 'easymo-perf-torture-'))
  const startedAt = performance.now()
  const site = await openSite(options.store)
  try {
    const deliveries = await tortured(options, site, folder)
    const verdict = judge(readHistory(folder))
    if (verdict.violations.length === 0) rmSync(folder, { recursive: true })
    return { ...verdict, deliveries, seconds: (performance.now() - startedAt) / 1_000, folder }
  } catch (error) {
    throw new Error(`the torture broke off; its history is in ${folder}`, { cause: error })
  } finally {
    await site.close()
  }
}

async function tortured(options: TortureOptions, site: Site, folder: string): Promise<number> {
  const { store, seed, workers, ids } = options
  const tell = historian(folder)
  const random = seeded(seed)
  const setup = { store, url: site.url, folder, seed, leaseMs: LEASE_MS, storeTimeoutMs: STORE_TIMEOUT_MS }
  const crew = new Crew(setup, workers)
  const sender = new Sender({ crew, random, total: ids })
  try {
    await crew.complete()
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
  const part = Math.ceil(ids / (count + 1))
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
    const kind = troubles[(stage - 1) % troubles.length] ?? 'freeze'
    await makeTrouble(kind, { site, tell, random, leaseMs: LEASE_MS, storeTimeoutMs: STORE_TIMEOUT_MS })
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

/** Everything once more, until nothing is left to do; then to a process that remembers nothing: the store knows it all. */
async function lastResend(crew: Crew, ids: readonly string[], tell: (deed: Deed) => void): Promise<void> {
  await crew.complete()
  const [first] = crew.ready
  if (first === undefined) throw new Error('there is nobody left')
  let left = ids
  for (let nr = 0; left.length > 0; nr += 1, await sleep(100)) {
    if (nr === LAST_RESENDS) throw new Error(`${left.length} updates do not come to an end`)
    left = await resent(first, left, ['done', 'duplicate'])
  }
  tell({ what: 'settled' })
  const missing = await resent(await crew.newcomer(), ids, ['duplicate'])
  if (missing.length > 0) throw new Error(`the store does not know ${missing.length} updates to be done`)
}

const PER_DELIVERY = 500

/** Those that were answered as something else. */
async function resent(
  worker: Crew['ready'][number],
  ids: readonly string[],
  answers: readonly string[],
): Promise<readonly string[]> {
  const left: string[] = []
  for (let at = 0; at < ids.length; at += PER_DELIVERY) {
    const some = ids.slice(at, at + PER_DELIVERY)
    const statuses = await worker.deliver(some)
    left.push(...some.filter((_, place) => !answers.includes(statuses?.[place] ?? 'none')))
  }
  return left
}
