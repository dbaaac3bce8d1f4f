import { setTimeout as sleep } from 'node:timers/promises'
import { now, type Deed } from './history.ts'
import type { Site } from './site.ts'

/** What may happen between the store and the workers. */
export type Trouble = 'latency' | 'freeze' | 'slices' | 'restart' | 'resets' | 'long freeze'
/** In the order in which they come, again and again. */
export const troubles: readonly Trouble[] = ['latency', 'freeze', 'slices', 'restart', 'resets', 'long freeze']

export interface TroubleOptions {
  readonly site: Site
  readonly tell: (deed: Deed) => void
  readonly random: () => number
  readonly leaseMs: number
  readonly storeTimeoutMs: number
}

/** Makes trouble, and ends it. */
export async function makeTrouble(kind: Trouble, options: TroubleOptions): Promise<void> {
  const since = now()
  await MAKERS[kind](options)
  options.tell({ what: 'trouble', kind, since })
}

const LASTS_MS = 800
const RESETS = 20

const MAKERS: Readonly<Record<Trouble, (options: TroubleOptions) => Promise<void>>> = {
  latency: ({ site }) => inWeather(site, { latencyMs: 40 }),
  slices: ({ site }) => inWeather(site, { sliceBytes: 1 }),
  // Calls miss their deadline meanwhile.
  freeze: ({ site, storeTimeoutMs }) => frozen(site, storeTimeoutMs * 1.6),
  // Leases end meanwhile: who comes first after it may own them.
  'long freeze': ({ site, leaseMs }) => frozen(site, leaseMs * 1.3),
  restart: ({ site }) => site.restart(),
  async resets({ site, random }) {
    for (let nr = 0; nr < RESETS; nr += 1) {
      site.network.reset(random)
      await sleep(LASTS_MS / RESETS)
    }
  },
}

async function inWeather({ network }: Site, weather: Parameters<Site['network']['weather']>[0]): Promise<void> {
  network.weather(weather)
  await sleep(LASTS_MS)
  network.weather({})
}

async function frozen(site: Site, ms: number): Promise<void> {
  await site.freeze()
  await sleep(ms)
  await site.thaw()
}
