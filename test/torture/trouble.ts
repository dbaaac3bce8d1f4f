import { setTimeout as sleep } from 'node:timers/promises'
import type { Weather } from '../support/tcp-proxy.ts'
import type { Crew, Worker } from './crew.ts'
import { now, type Deed } from './history.ts'
import type { Sender } from './sender.ts'
import type { Site } from './site.ts'

/** What may happen to the store, to the workers, and between them. */
export type Trouble =
  | 'flush'
  | 'latency'
  | 'pause'
  | 'freeze'
  | 'cut'
  | 'slices'
  | 'fail-over'
  | 'restart'
  | 'lost answers'
  | 'resets'
  | 'long freeze'

/** In the order in which they come, again and again. */
const troubles: readonly Trouble[] = [
  ...(['latency', 'pause', 'freeze', 'cut', 'slices', 'fail-over'] as const),
  ...(['restart', 'lost answers', 'resets', 'long freeze'] as const),
]

/** The first one forgets everything, while there is little to forget. */
export const troubleOf = (stage: number): Trouble =>
  stage === 1 ? 'flush' : (troubles[(stage - 2) % troubles.length] ?? 'latency')

export interface TroubleOptions {
  readonly site: Site
  readonly crew: Crew
  readonly sender: Sender
  readonly tell: (deed: Deed) => void
  readonly random: () => number
  readonly leaseMs: number
  readonly storeTimeoutMs: number
}

/** Those that strike one worker alone: the one that has most to do, with a train in its hands. */
const PRIVATE: ReadonlySet<Trouble> = new Set(['pause', 'cut'])

/** How many of so many troubles strike one worker alone. */
export const privateTroubles = (count: number): number =>
  Array.from({ length: count }, (_, nr) => troubleOf(nr + 1)).filter((kind) => PRIVATE.has(kind)).length

/** Makes trouble, ends it, and has it written down. */
export async function makeTrouble(kind: Trouble, options: TroubleOptions): Promise<void> {
  const { crew, sender, tell } = options
  const { busiest: worker } = crew
  if (worker === undefined) throw new Error('there is nobody to trouble')
  const isPrivate = PRIVATE.has(kind)
  if (isPrivate) await sender.hand(worker)
  const since = now()
  await MAKERS[kind](options, worker)
  tell({ what: 'trouble', kind, since, ...(isPrivate && { victim: worker.pid }) })
}

const LASTS_MS = 800
const RESETS = 20
/** So much longer than a lease, or than a call may take. */
const LONGER = 1.3
const MISSED = 1.6

type Maker = (options: TroubleOptions, worker: Worker) => Promise<void>

const MAKERS: Readonly<Record<Trouble, Maker>> = {
  flush: ({ site }) => site.forget('all'),
  'fail-over': ({ site }) => site.forget('unended'),
  latency: ({ site }) => inWeather(site, { latencyMs: 40 }, LASTS_MS),
  slices: ({ site }) => inWeather(site, { sliceBytes: 1 }, LASTS_MS),
  // The store does what it is asked, and its answers never come.
  'lost answers': ({ site, storeTimeoutMs }) => inWeather(site, { deaf: true }, storeTimeoutMs * MISSED),
  // Calls miss their deadline meanwhile.
  freeze: ({ site, storeTimeoutMs }) => frozen(site, storeTimeoutMs * MISSED),
  // Leases end meanwhile: who comes first after it may own them.
  'long freeze': ({ site, leaseMs }) => frozen(site, leaseMs * LONGER),
  restart: ({ site }) => site.restart(),
  async resets({ site: { lines }, random }) {
    for (let nr = 0; nr < RESETS; nr += 1) {
      lines[Math.floor(random() * lines.length)]?.reset(random)
      await sleep(LASTS_MS / RESETS)
    }
  },
  // One worker stands still, and the others do its work.
  async pause({ leaseMs }, worker) {
    worker.pause()
    await sleep(leaseMs * LONGER)
    worker.resume()
  },
  // One worker goes on, and cannot reach the store; what both sent meanwhile arrives in the end.
  async cut({ leaseMs }, { line }) {
    line.weather({ held: true })
    await sleep(leaseMs * LONGER)
    line.weather({})
  },
}

async function inWeather({ lines }: Site, weather: Weather, ms: number): Promise<void> {
  for (const line of lines) line.weather(weather)
  await sleep(ms)
  for (const line of lines) line.weather({})
}

async function frozen(site: Site, ms: number): Promise<void> {
  await site.freeze()
  await sleep(ms)
  await site.thaw()
}
