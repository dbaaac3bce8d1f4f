import type { CacheBus } from '../core/cache-store.ts'
import { isText, knownOptions } from '../core/check.ts'
import { systemClock } from '../core/clock.ts'
import { withDeadline } from '../core/deadline.ts'
import { OptionError } from '../core/errors.ts'
import { driverOf, hasMethod, type RedisClient } from './drivers.ts'
import { classified } from './errors.ts'
import { told } from './port.ts'

/** Which messages belong to this bus. */
export interface RedisCacheBusOptions {
  /** The channel of Redis pub/sub. @defaultValue `easymo:cache` */
  readonly channel?: string
}

interface Listener {
  readonly channel: string
  readonly heard: (message: string) => void
  readonly gap: () => void
}

/** ioredis' shape, with what a connection needs that only listens. */
interface ListeningIoredis {
  readonly options?: { readonly keepAlive?: number }
  call(command: string, ...args: string[]): Promise<unknown>
  duplicate(options: object): ListeningIoredis
  on(event: string, listener: (channel: string, message: string) => void): unknown
  connect(): Promise<unknown>
  subscribe(channel: string): Promise<unknown>
  disconnect(reconnect?: boolean): void
}

/** The same of node-redis. */
interface ListeningNodeRedis {
  readonly options?: { readonly socket?: object }
  readonly isOpen: boolean
  sendCommand(args: readonly string[]): Promise<unknown>
  duplicate(options: object): ListeningNodeRedis
  on(event: string, listener: () => void): unknown
  connect(): Promise<unknown>
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>
  destroy(): void
}

type End = () => Promise<void>

/** A connection that takes longer to listen is given up. */
const OPEN_MS = 8_000
/** So long after a server did not take the channel again it is asked anew. */
const AGAIN_MS = 1_000
/** So long a silent connection is left before the peer is asked whether it is there: one that vanished never says so. */
const KEEP_ALIVE_MS = 5_000

const waitMs = (tries: number): number => Math.min(50 * 2 ** Math.min(tries, 10), 2_000)
const ignore = (): void => undefined

/**
 * Creates a bus by Redis pub/sub, for the clients of ioredis and redis (node-redis).
 *
 * `subscribe` opens a connection of its own with the client's settings, and rejects when that fails now. Later it comes
 * back by itself, whatever the client's own strategy is: `gap` is called once messages come in again. The function it
 * resolves with ends that connection; until then it keeps a process alive.
 *
 * `@upstash/redis` cannot listen. In a cluster, give a client of one of the nodes: a message reaches every node.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function redisCacheBus(client: RedisClient, options: RedisCacheBusOptions = {}): CacheBus {
  const { channel = 'easymo:cache' } = options
  knownOptions(options, 'channel')
  isText('channel', channel)
  const { name } = driverOf(client)
  if ((name !== 'ioredis' && name !== 'node-redis') || !hasMethod(client, 'duplicate', 'subscribe'))
    throw new OptionError(
      `redisCacheBus listens by ioredis' Redis or node-redis' createClient, not by ${name === 'node-redis' ? 'a pool' : name}`,
    )

  const ioredis = client as ListeningIoredis
  const nodeRedis = client as ListeningNodeRedis
  return name === 'ioredis'
    ? {
        publish: (message) => sent(ioredis.call('PUBLISH', channel, message)),
        subscribe: (heard, gap) => byIoredis(ioredis, { channel, heard, gap }),
      }
    : {
        publish: (message) => sent(nodeRedis.sendCommand(['PUBLISH', channel, message])),
        subscribe: (heard, gap) => byNodeRedis(nodeRedis, { channel, heard, gap }),
      }
}

async function sent(answer: Promise<unknown>): Promise<void> {
  await told(answer)
}

async function byIoredis(client: ListeningIoredis, { channel, heard, gap }: Listener): Promise<End> {
  const own = client.duplicate({
    lazyConnect: true,
    enableOfflineQueue: true,
    // It would subscribe again without saying when that is done.
    autoResubscribe: false,
    retryStrategy: waitMs,
    keepAlive: client.options?.keepAlive || KEEP_ALIVE_MS,
  })
  const end = async (): Promise<void> => own.disconnect()
  own.on('error', ignore)
  own.on('message', (_, message) => heard(message))
  await opened(end, async () => {
    await own.connect()
    await own.subscribe(channel)
  })
  // Refused as it may be, for a right that is missing or a server that is not ready: a deaf connection is of no use.
  const refused = (): unknown => systemClock.whileAlive(AGAIN_MS, () => own.disconnect(true))
  own.on('ready', () => void own.subscribe(channel).then(gap, refused))
  return end
}

async function byNodeRedis(client: ListeningNodeRedis, { channel, heard, gap }: Listener): Promise<End> {
  let open = false
  const reconnectStrategy = (tries: number): number | false => open && waitMs(tries)
  const own = client.duplicate({ disableOfflineQueue: false, socket: { ...client.options?.socket, reconnectStrategy } })
  const end = async (): Promise<void> => {
    if (own.isOpen) own.destroy()
  }
  own.on('error', ignore)
  await opened(end, async () => {
    await own.connect()
    open = true
    await own.subscribe(channel, (message) => heard(message))
  })
  // It is ready again when the server has confirmed the channel.
  own.on('ready', gap)
  return end
}

/** A connection that could not be opened in time is not left behind. */
async function opened(end: End, open: () => Promise<void>): Promise<void> {
  try {
    await withDeadline({ clock: systemClock, timeoutMs: OPEN_MS, what: 'the subscription to the bus' }, open)
  } catch (error) {
    await end()
    throw classified(error)
  }
}
