import { PostgrestClient } from '@supabase/postgrest-js'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTieredCache } from '../../src/cache/index.ts'
import { aggregate, createMetrics, flush } from '../../src/metrics/index.ts'
import { supabaseCacheStore, supabaseMetricsStore } from '../../src/supabase/index.ts'

/** Takes every request, and says nothing. */
let silent: Server
let client: PostgrestClient
const sockets: Socket[] = []

beforeEach(async () => {
  silent = createServer(() => undefined)
  silent.on('connection', (socket) => void sockets.push(socket))
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  client = new PostgrestClient(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`)
})
afterEach(async () => {
  silent.closeAllConnections()
  silent.close()
  await once(silent, 'close')
})

const calls: Readonly<Record<string, () => Promise<unknown>>> = {
  async cache() {
    const store = supabaseCacheStore(client)
    const cache = createTieredCache<string>({ name: 'silent', ttlMs: 60_000, store, storeTimeoutMs: 300 })
    await cache.set('k', 'v')
  },
  async 'flush of metrics'() {
    const metrics = createMetrics()
    metrics.counter('seen_total', { help: 'Seen.' }).inc()
    await flush(metrics, supabaseMetricsStore(client), { timeoutMs: 300 })
  },
  'view of metrics': () => aggregate(supabaseMetricsStore(client), { timeoutMs: 300 }),
}

describe('a request to a PostgREST that says nothing', () => {
  it.each(Object.keys(calls))('of the %s is ended at its deadline, and its socket with it', async (name) => {
    sockets.length = 0
    await calls[name]?.().catch(() => undefined)
    // A cache asks again every second, by sockets of its own.
    const first = [...sockets]
    const open = (): number => first.filter((socket) => !socket.destroyed).length
    await expect.poll(open, { timeout: 30_000 }).toBe(0)
    expect(first.length).toBeGreaterThan(0)
  })
})
