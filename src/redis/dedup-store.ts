import { isText, knownOptions } from '../core/check.ts'
import type { Claim, Claimed, DedupStore, Release, Renewal } from '../core/dedup-store.ts'
import { StoreSetupError } from '../core/errors.ts'
import { BEGIN, CLAIM, COMPLETE, COUNTS_MS, RELEASE, RENEW, REVIVE } from './dedup-scripts.ts'
import type { RedisClient } from './drivers.ts'
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
export function redisDedupStore(client: RedisClient, options: RedisDedupStoreOptions = {}): DedupStore {
  const { prefix = 'easymo:dedup:' } = options
  knownOptions(options, 'prefix')
  isText('prefix', prefix)
  const { script, slotOf } = redisPort(client)
  const counts = String(COUNTS_MS)

  /** Runs a script over the keys, cut into pieces; `words` gives what goes over with each key. */
  function run<C extends { readonly key: string }>(
    what: RedisScript,
    [args, claims, word]: Asked<C>,
  ): Promise<string[]> {
    const stored = claims.map(({ key }) => prefix + key)
    return inPieces(stored, { slotOf }, async (some, places) =>
      replies(await script(what, some, [...args, ...places.map((at) => word(claims[at] as C))]), some.length),
    )
  }

  async function releaseMany(claims: readonly Release[]): Promise<void> {
    await run(RELEASE, [[counts], claims, ({ begun, token }) => (begun === true ? 'b' : '-') + token])
  }

  return {
    async claimMany(claims, { leaseMs }) {
      try {
        return (await run(CLAIM, [[whole(leaseMs), counts], claims, tokenOf])).map((reply) => claimedOf(reply, leaseMs))
      } catch (error) {
        // What other nodes of the cluster have granted would lock its keys for a whole lease.
        if (slotOf !== undefined) releaseMany(claims).catch(() => undefined)
        throw error
      }
    },
    beginMany: async (claims) => (await run(BEGIN, [[counts], claims, tokenOf])).map(isOne),
    renewMany: async (claims, { leaseMs }) =>
      (await run(RENEW, [[whole(leaseMs), counts], claims, (claim) => progressOf(claim) + claim.token])).map(isOne),
    async completeMany(ends, { retentionMs }) {
      const word = ({ as, ifNobody, token }: (typeof ends)[number]): string =>
        `${as === 'done' ? 'D' : 'X'}${ifNobody === true ? '!' : '-'}${token}`
      return (await run(COMPLETE, [[whole(retentionMs)], ends, word])).map(isOne)
    },
    releaseMany,
    async reviveMany(keys) {
      const asked = keys.map((key) => ({ key }))
      return (await run(REVIVE, [[], asked, () => ''])).map(isOne)
    },
  }
}

/** The arguments of a script, the keys, and what goes over with each key. */
type Asked<C> = readonly [args: readonly string[], claims: readonly C[], word: (claim: C) => string]

const tokenOf = ({ token }: Claim): string => token

function progressOf({ begun }: Renewal): string {
  if (begun === 'written') return 'w'
  return begun === true ? 'b' : '-'
}

function claimedOf(reply: string, leaseMs: number): Claimed {
  const [letter, first, second] = reply.split(' ')
  if (letter === 'W') return { status: 'won', runs: Number(first), expired: Number(second) }
  if (letter === 'D') return { status: 'done' }
  if (letter === 'X') return { status: 'dead' }
  // Also what a script of another version may say: present, never a miss.
  return { status: 'leased', leftMs: letter === 'L' ? Number(first) : leaseMs }
}

const isOne = (reply: string): boolean => reply === '1'
const whole = (ms: number): string => String(Math.max(1, Math.ceil(ms)))

function replies(reply: unknown, length: number): string[] {
  if (Array.isArray(reply) && reply.length === length) return reply.map(String)
  if (reply === 1) return []
  throw new StoreSetupError('redis answered a script with something else than a list of its keys')
}
