import { Redis } from 'ioredis'
import { createClient } from 'redis'
import type { RedisClient as Client } from '../../src/redis/index.ts'

/** A connected client of one of the drivers, as its users would make it. */
export interface RedisClient {
  readonly client: Client
  /** Sends one command, for what a test does behind the back of the store. */
  send(...command: string[]): Promise<unknown>
  close(): void
}

export type RedisDriver = 'ioredis' | 'node-redis'
export const redisDrivers: readonly RedisDriver[] = ['ioredis', 'node-redis']

const RECONNECT_MS = 20

/**
 * @param handshake - `none`: node-redis says nothing on connecting, as it did before version 6; a refusal at its
 *   handshake it keeps to itself, and tries again for ever
 */
export async function redisClient(driver: RedisDriver, url: string, handshake?: 'none'): Promise<RedisClient> {
  if (driver === 'ioredis') {
    const client = new Redis(url, { lazyConnect: true, retryStrategy: () => RECONNECT_MS })
    // A server that goes away is told here; the commands are told, too.
    client.on('error', () => undefined)
    await client.connect().catch(() => undefined)
    return {
      client,
      send: (...command) => client.call(...(command as [string])),
      close: () => client.disconnect(),
    }
  }
  const quiet = handshake === 'none' ? ({ RESP: 2, disableClientInfo: true } as const) : {}
  const client = createClient({ url, socket: { reconnectStrategy: () => RECONNECT_MS }, ...quiet })
  client.on('error', () => undefined)
  await client.connect().catch(() => undefined)
  return { client, send: (...command) => client.sendCommand(command), close: () => client.destroy() }
}
