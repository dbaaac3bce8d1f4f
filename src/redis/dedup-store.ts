import { isText, knownOptions } from '../core/check.ts'
import type { Claim, DedupStore } from '../core/dedup-store.ts'
import { StoreSetupError } from '../core/errors.ts'
import { ATTEMPTS_MS, CLAIM, COMPLETE, RELEASE, RENEW } from './dedup-scripts.ts'
import { redisPort, type RedisScript } from './port.ts'
import { inPieces } from './slots.ts'

/** Where the claims stand among the other keys of the server. */
export interface RedisDedupStoreOptions {
  /** Stands before every key in Redis. @defaultValue `easymo:dedup:` */
  readonly prefix?: string
}

/**
 * Creates a store of claims in Redis (6.2 or later, Valkey, Upstash), for the clients of ioredis, redis and
 * `@upstash/redis`, and for the clusters of the first two. All times are those of the server that holds the key; tokens
 * are compared there.
 *
 * Redis must keep the keys: `maxmemory-policy noeviction`, or memory enough for the retention.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function redisDedupStore(client: object, options: RedisDedupStoreOptions = {}): DedupStore {
  const { prefix = 'easymo:dedup:' } = options
  knownOptions(options, 'prefix')
  isText('prefix', prefix)
  const { script, slotOf } = redisPort(client)

  function run(what: RedisScript, keys: readonly string[], args: readonly string[]): Promise<number[]> {
    const stored = keys.map((key) => prefix + key)
    return inPieces(stored, { slotOf }, async (some) => numbers(await script(what, some, args)))
  }

  async function release(keys: readonly string[], token: string): Promise<void> {
    await run(RELEASE, keys, [token, String(ATTEMPTS_MS)])
  }

  return {
    async claimMany(keys, token, leaseMs) {
      try {
        return (await run(CLAIM, keys, [token, whole(leaseMs), String(ATTEMPTS_MS)])).map(claimOf)
      } catch (error) {
        // What other nodes of the cluster have granted would lock its keys for a whole lease.
        if (slotOf !== undefined) release(keys, token).catch(() => undefined)
        throw error
      }
    },
    async renewMany(keys, token, leaseMs) {
      return (await run(RENEW, keys, [token, whole(leaseMs), String(ATTEMPTS_MS)])).map(isOne)
    },
    async completeMany(keys, token, { as, retentionMs }) {
      return (await run(COMPLETE, keys, [token, as === 'done' ? 'D' : 'X', whole(retentionMs)])).map(isOne)
    },
    releaseMany: release,
  }
}

function claimOf(answer: number): Claim {
  if (answer > 0) return { status: 'won', attempt: answer }
  if (answer === 0) return { status: 'done' }
  if (answer === -1) return { status: 'dead' }
  return { status: 'leased', leftMs: -2 - answer }
}

const isOne = (answer: number): boolean => answer === 1
const whole = (ms: number): string => String(Math.max(1, Math.ceil(ms)))

function numbers(reply: unknown): number[] {
  if (Array.isArray(reply)) return reply.map(Number)
  if (reply === 1) return []
  throw new StoreSetupError('redis answered a script with something else than a list')
}
