/** `once` in memory, for a new id, against the idempotency of AWS Powertools without I/O. */
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency'
import { CachePersistenceLayer } from '@aws-lambda-powertools/idempotency/cache'
import { createDedup } from '@easymo/perf/dedup'
import { freshIds } from './dedup-ids.ts'
import { hours, WINDOW_MS } from './dedup-setup.ts'
import { compare, type Candidate, type Comparison } from './harness.ts'

const BURST = 200
/** Of memory that is held for nothing: all of it is forgotten when so many were remembered. */
const MOST_HELD = 10_000

type Ids = readonly string[]

let runs = 0
const work = async (): Promise<string> => {
  runs += 1
  return 'ok'
}

/** What its persistence layer for caches needs of a client; it forgets everything at times, which costs less than expiry. */
function memoryClient() {
  let held = new Map<string, unknown>()
  return {
    get: async (key: string) => held.get(key) ?? null,
    async set(key: string, value: unknown, { NX = false } = {}) {
      if (NX && held.has(key)) return null
      if (held.size >= MOST_HELD) held = new Map()
      held.set(key, value)
      return 'OK'
    },
    del: async ([key = '']: readonly string[]) => Number(held.delete(key)),
  }
}

/** As its documentation says for what runs outside of Lambda: it is told the time that is left, else it warns at each call. */
function powertools(): (update: { readonly id: string }) => Promise<string> {
  const config = new IdempotencyConfig({ eventKeyJmesPath: 'id' })
  config.registerLambdaContext({ getRemainingTimeInMillis: () => 30_000 })
  const persistenceStore = new CachePersistenceLayer({ client: memoryClient() })
  return makeIdempotent(work, { persistenceStore, config })
}

function candidates(): Candidate<Ids>[] {
  const time = hours()
  const dedup = createDedup({ windowMs: WINDOW_MS, host: time.host })
  const idempotent = powertools()
  const prepare = (): Ids => freshIds(BURST)
  return [
    {
      name: 'easymo once',
      ops: BURST,
      prepare() {
        if (dedup.stats().size >= MOST_HELD) time.pass(2)
        return prepare()
      },
      async run(ids) {
        for (const id of ids) await dedup.once(id, work)
      },
    },
    {
      name: 'Powertools makeIdempotent',
      ops: BURST,
      prepare,
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
