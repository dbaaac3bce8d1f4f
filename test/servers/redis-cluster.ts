import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { launchRedis } from './redis.ts'
import type { PrivateServer } from './server.ts'

/** A Redis Cluster of one's own: three nodes without replicas, all on 127.0.0.1. */
export interface RedisCluster {
  readonly nodes: readonly PrivateServer[]
  stop(): Promise<void>
}

const NODES = 3
const SLOTS = 16_384
const JOIN_TIMEOUT_MS = 30_000

/** A node's own port may be too high for the usual one of the bus, which lies 10000 above. */
const busPort = (port: number): number => (port > 50_000 ? port - 20_000 : port + 10_000)

/** Long, so that nobody is taken for gone who only had to wait for the processor. */
const settings = (port: number): readonly string[] => [
  ...['--cluster-enabled', 'yes', '--cluster-port', String(busPort(port)), '--cluster-node-timeout', '10000'],
  // A node that is gone takes its own keys with it, and no others.
  ...['--cluster-require-full-coverage', 'no'],
]

export async function startRedisCluster(): Promise<RedisCluster> {
  const started = await Promise.allSettled(Array.from({ length: NODES }, () => launchRedis(settings)))
  const nodes = started.flatMap((node) => (node.status === 'fulfilled' ? node.value : []))
  const stop = async (): Promise<void> => void (await Promise.all(nodes.map((node) => node.stop())))
  try {
    if (nodes.length < NODES) throw new Error('a node of the cluster did not start', { cause: started })
    await join(nodes)
  } catch (error) {
    await stop()
    throw error
  }
  return { nodes, stop }
}

/** Deals the slots out and makes the nodes known to each other; resolves when all of them serve. */
async function join(nodes: readonly PrivateServer[]): Promise<void> {
  const clients = nodes.map(({ url }) => new Redis(url))
  try {
    await Promise.all(clients.map((client, at) => deal(client, at)))
    const [first] = clients
    for (const { port } of nodes.slice(1))
      await first?.call('CLUSTER', 'MEET', '127.0.0.1', String(port), String(busPort(port)))
    const until = Date.now() + JOIN_TIMEOUT_MS
    while (!(await Promise.all(clients.map(serves))).every(Boolean)) {
      if (Date.now() > until) throw new Error('the nodes did not become a cluster')
      await sleep(50)
    }
  } finally {
    clients.forEach((client) => client.disconnect())
  }
}

async function deal(client: Redis, at: number): Promise<void> {
  const [from, to] = [at, at + 1].map((share) => Math.floor((share * SLOTS) / NODES)) as [number, number]
  await client.call('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to - 1))
  await client.call('CLUSTER', 'SET-CONFIG-EPOCH', String(at + 1))
}

async function serves(client: Redis): Promise<boolean> {
  const info = String(await client.call('CLUSTER', 'INFO'))
  return [
    'cluster_state:ok',
    `cluster_slots_ok:${SLOTS}`,
    `cluster_known_nodes:${NODES}`,
    `cluster_size:${NODES}`,
  ].every((line) => info.includes(`${line}\r\n`))
}
