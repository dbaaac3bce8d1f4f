import { createTieredCache } from '../../src/cache/index.ts'
import { redisCacheBus, redisCacheStore } from '../../src/redis/index.ts'
import { redisClient, type RedisDriver } from './redis-clients.ts'

/** What the process that started this one asks for. */
export type Order =
  | { readonly do: 'load'; readonly key: string; readonly value: string; readonly tags: readonly string[] }
  | { readonly do: 'peek' | 'delete'; readonly key: string }
  | { readonly do: 'invalidate'; readonly tag: string }
  | { readonly do: 'clear' }

const [driver, url = '', prefix = '', channel = '', tagCheckMs = '', storeTimeoutMs = '5000'] = process.argv.slice(2)

const { client } = await redisClient(driver as RedisDriver, url)
const cache = createTieredCache<string>({
  name: 'peer',
  ttlMs: 60_000,
  store: redisCacheStore(client, { prefix }),
  // Long enough by default for a machine under load.
  storeTimeoutMs: Number(storeTimeoutMs),
  tagCheckMs: Number(tagCheckMs),
  ...(channel && { bus: redisCacheBus(client, { channel }) }),
})

process.on('message', (order: Order) => void run(order).then((answer) => process.send?.({ answer })))
process.on('disconnect', () => process.exit(0))
process.send?.({ answer: 'ready' })

async function run(order: Order): Promise<string | undefined> {
  switch (order.do) {
    case 'load':
      return cache.getOrSet(order.key, () => order.value, { tags: order.tags })
    case 'peek':
      return cache.peek(order.key)
    case 'delete':
      return void (await cache.delete(order.key))
    case 'invalidate':
      return void (await cache.invalidateTag(order.tag))
    case 'clear':
      return void (await cache.clear())
  }
}
