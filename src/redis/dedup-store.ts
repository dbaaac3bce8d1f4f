import { isText, knownOptions } from '../core/check.ts'
import type { Claim, DedupStore } from '../core/dedup-store.ts'
import { StoreSetupError } from '../core/errors.ts'
import { ATTEMPTS_MS, CLAIM, COMPLETE, RELEASE, RENEW } from './dedup-scripts.ts'
import { redisPort, type RedisScript } from './port.ts'

/** Where the claims stand among the other keys of the server. */
export interface RedisDedupStoreOptions {
  /** Stands before every key in Redis. @defaultValue `easymo:dedup:` */
  readonly prefix?: string
}

/** A script blocks the server while it runs, so a large batch is cut into pieces. */
const KEYS_PER_SCRIPT = 250

/**
 * Creates a store of claims in Redis (6.2 or later, Valkey, Upstash), for the clients of ioredis, redis and @upstash/redis.
 * All times are the server's; tokens are compared on the server.
 *
 * Redis must keep the keys: `maxmemory-policy noeviction`, or memory enough for the retention.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function redisDedupStore(client: object, options: RedisDedupStoreOptions = {}): DedupStore {
  const { prefix = 'easymo:dedup:' } = options
  knownOptions(options, 'prefix')
  isText('prefix', prefix)
  const redis = redisPort(client)

  async function run(script: RedisScript, keys: readonly string[], args: readonly string[]): Promise<number[]> {
    const pieces: Promise<unknown>[] = []
    for (let from = 0; from < keys.length; from += KEYS_PER_SCRIPT) {
      const piece = keys.slice(from, from + KEYS_PER_SCRIPT).map((key) => prefix + key)
      pieces.push(redis.script(script, piece, args))
    }
    return (await Promise.all(pieces)).flatMap(numbers)
  }

  return {
    async claimMany(keys, token, leaseMs) {
      return (await run(CLAIM, keys, [token, whole(leaseMs), String(ATTEMPTS_MS)])).map(claimOf)
    },
    async renewMany(keys, token, leaseMs) {
      return (await run(RENEW, keys, [token, whole(leaseMs), String(ATTEMPTS_MS)])).map(isOne)
    },
    async completeMany(keys, token, { as, retentionMs }) {
      return (await run(COMPLETE, keys, [token, as === 'done' ? 'D' : 'X', whole(retentionMs)])).map(isOne)
    },
    async releaseMany(keys, token) {
      await run(RELEASE, keys, [token, String(ATTEMPTS_MS)])
    },
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
