import { OptionError } from '../core/errors.ts'

/** The shape of `ioredis`. Drivers are written here by shape, so that this package never imports one. */
export interface IoredisLike {
  readonly isCluster?: boolean
  readonly options?: { readonly keyPrefix?: string | Uint8Array | undefined }
  /** Sends one command. */
  call(command: string, ...args: string[]): Promise<unknown>
}

/** The shape of `redis` (node-redis). */
export interface NodeRedisLike {
  /** Sends one command. */
  sendCommand(args: string[]): Promise<unknown>
}

/** The shape of node-redis' `createCluster`: the caller names the key by which the node is found. */
export interface NodeRedisClusterLike {
  /** Sends one command to the node of a key. */
  sendCommand(firstKey: string | undefined, isReadonly: boolean, args: string[]): Promise<unknown>
}

/** The shape of `@upstash/redis`. */
export interface UpstashLike {
  /** Runs a script that the server knows. */
  evalsha(sha: string, keys: string[], args: string[]): Promise<unknown>
  /** Runs a script. */
  eval(text: string, keys: string[], args: string[]): Promise<unknown>
}

/** A client of ioredis, redis (node-redis) or `@upstash/redis`, or of a cluster of the first two. */
export type RedisClient = IoredisLike | NodeRedisLike | NodeRedisClusterLike | UpstashLike

export type RedisDriver =
  | { readonly name: 'ioredis' | 'ioredis cluster'; readonly client: IoredisLike }
  | { readonly name: 'node-redis'; readonly client: NodeRedisLike }
  | { readonly name: 'node-redis cluster'; readonly client: NodeRedisClusterLike }
  | { readonly name: 'upstash'; readonly client: UpstashLike }

export const hasMethod = (client: object, ...methods: readonly string[]): boolean =>
  methods.every((method) => typeof (client as Record<string, unknown>)[method] === 'function')

const isIoredis = (client: object): client is IoredisLike => hasMethod(client, 'call', 'defineCommand')
const isNodeRedisCluster = (client: object): client is NodeRedisClusterLike =>
  hasMethod(client, 'sendCommand', 'multi', 'nodeClient')
/** A client of sentinels (`acquire`) has a `sendCommand` too, of other parameters. */
const isNodeRedis = (client: object): client is NodeRedisLike =>
  hasMethod(client, 'sendCommand', 'multi') && !hasMethod(client, 'acquire')
const isUpstash = (client: object): client is UpstashLike => hasMethod(client, 'evalsha', 'eval')

/**
 * Recognises the driver by its methods.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function driverOf(client: object): RedisDriver {
  if (typeof client === 'object' && client !== null) {
    if (isIoredis(client)) return { name: client.isCluster === true ? 'ioredis cluster' : 'ioredis', client }
    if (isNodeRedisCluster(client)) return { name: 'node-redis cluster', client }
    if (isNodeRedis(client)) return { name: 'node-redis', client }
    if (isUpstash(client)) return { name: 'upstash', client }
  }
  throw new OptionError('redis must be a client of ioredis, redis (node-redis) or @upstash/redis')
}
