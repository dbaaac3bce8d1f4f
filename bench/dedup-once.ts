/** `once` in memory, for a new id, against the idempotency of AWS Powertools without I/O. */
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency'
import { CachePersistenceLayer } from '@aws-lambda-powertools/idempotency/cache'
import { createDedup } from '@easymo/perf/dedup'
import { freshIds } from './dedup-ids.ts'
import { hours, WINDOW_MS } from './dedup-setup.ts'
import { compare, type Candidate, type Comparison } from './harness.ts'

const BURST = 200
/** Before another burst, everything is forgotten when so many ids are held. */
const MOST_HELD = 10_000

type Ids = readonly string[]

let runs = 0
const work = async (): Promise<string> => {
  runs += 1
  return 'ok'
}

/** What the layer for caches needs of a client; it expires nothing, which costs less. */
class MemoryClient {
  readonly #held = new Map<string, unknown>()

  get size(): number {
    return this.#held.size
  }

  forget(): void {
    this.#held.clear()
  }

  async get(key: string): Promise<unknown> {
    return this.#held.get(key) ?? null
  }

  async set(key: string, value: unknown, { NX = false }: { readonly NX?: boolean } = {}): Promise<unknown> {
    if (NX && this.#held.has(key)) return null
    this.#held.set(key, value)
    return 'OK'
  }

  async del([key = '']: readonly string[]): Promise<number> {
    return Number(this.#held.delete(key))
  }
}

/** Told the time that is left, as its documentation wants it; else it warns at each call. */
function powertools(client: MemoryClient): (update: { readonly id: string }) => Promise<string> {
  const config = new IdempotencyConfig({ eventKeyJmesPath: 'id' })
  config.registerLambdaContext({ getRemainingTimeInMillis: () => 30_000 })
  return makeIdempotent(work, { persistenceStore: new CachePersistenceLayer({ client }), config })
}

function candidates(): Candidate<Ids>[] {
  const time = hours()
  const dedup = createDedup({ windowMs: WINDOW_MS, host: time.host })
  const client = new MemoryClient()
  const idempotent = powertools(client)
  return [
    {
      name: 'easymo once',
      ops: BURST,
      prepare() {
        if (dedup.stats().size >= MOST_HELD) time.pass(2)
        return freshIds(BURST)
      },
      async run(ids) {
        for (const id of ids) await dedup.once(id, work)
      },
    },
    {
      name: 'Powertools makeIdempotent',
      ops: BURST,
      prepare() {
        if (client.size >= MOST_HELD) client.forget()
        return freshIds(BURST)
      },
      async run(ids) {
        for (const id of ids) await idempotent({ id })
      },
    },
  ]
}

/** Each id runs once, also the second time that it comes. */
async function check(measured: readonly Candidate<Ids>[]): Promise<void> {
  for (const { name, prepare, run } of measured) {
    const ids = prepare?.() ?? []
    runs = 0
    await run(ids)
    await run(ids)
    if (runs !== BURST) throw new Error(`${name}: ${runs} runs of ${BURST} ids`)
  }
}

export async function onces(): Promise<Comparison> {
  const measured = candidates()
  await check(measured)
  const comparison = await compare('once in memory, a new id', measured, [
    { of: 'easymo once', against: 'Powertools makeIdempotent', atMost: 1 / 15 },
  ])
  await check(measured)
  return comparison
}
