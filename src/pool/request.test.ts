import { describe, expect, it } from 'vitest'
import { createPool, type RequestPool } from './index.ts'

interface Socket {
  readonly request: number
  open: boolean
}

let request = 0

function requestsOf(): { readonly pool: RequestPool<Socket>; readonly sockets: Socket[] } {
  const sockets: Socket[] = []
  const pool = createPool<Socket>({
    mode: 'request',
    create: () => {
      const socket = { request, open: true }
      sockets.push(socket)
      return socket
    },
    destroy: async (socket) => {
      await undefined
      socket.open = false
    },
  })
  return { pool, sockets }
}

describe('mode request', () => {
  it('lends nothing outside of a scope, and says what to call', async () => {
    const { pool } = requestsOf()
    const untyped = pool as unknown as { use(work: () => void): Promise<void>; acquire(): Promise<void> }
    const refusal = { code: 'ERR_PERF_POOL_SCOPE', message: expect.stringContaining('pool.scope(') as string }
    await expect(untyped.use(() => undefined)).rejects.toMatchObject(refusal)
    await expect(untyped.acquire()).rejects.toMatchObject(refusal)
  })

  it('never lets a socket cross from one request to another', async () => {
    const { pool, sockets } = requestsOf()
    for (request = 0; request < 5; request += 1) {
      const scope = pool.scope()
      const seen = await Promise.all(Array.from({ length: 20 }, () => scope.use((socket) => socket.request)))
      expect(new Set(seen)).toEqual(new Set([request]))
      await scope.drain()
    }
    // Five for each request at most.
    expect(sockets).toHaveLength(25)
    expect(sockets.some(({ open }) => open)).toBe(false)
    expect(pool.stats()).toEqual({
      ...{ size: 0, healthy: 0, idle: 0, borrowed: 0, waiting: 0, totalUses: 100 },
      ...{ oldestClientAgeMs: 0, leaked: 0 },
    })
  })

  it('closes the sockets through waitUntil, so that nobody need wait for it', async () => {
    const { pool, sockets } = requestsOf()
    const kept: Promise<unknown>[] = []
    const scope = pool.scope({ waitUntil: (promise) => void kept.push(promise) })
    const lease = await scope.acquire()
    expect(kept).toHaveLength(0)
    void scope.drain()
    expect(kept.length).toBeGreaterThan(0)
    lease.release()
    await Promise.all(kept)
    expect(sockets).toEqual([{ request, open: false }])
  })

  it('counts over all requests, and drains them all', async () => {
    const { pool, sockets } = requestsOf()
    const [one, other] = [pool.scope(), pool.scope()]
    ;(await one.acquire()).release()
    const lease = await other.acquire({ by: 'report' })
    expect(pool.stats()).toMatchObject({ size: 2, idle: 1, borrowed: 1, totalUses: 2 })
    const drained = pool.drain({ timeoutMs: 1 })
    expect(() => pool.scope()).toThrow('closed')
    expect((await drained).held).toMatchObject([{ by: 'report' }])
    lease.release()
    expect(sockets.every(({ open }) => !open)).toBe(true)
  })

  it('refuses options of a scope that it does not know', () => {
    expect(() => requestsOf().pool.scope({ until: 1 } as never)).toThrow('unknown option')
    expect(() => requestsOf().pool.scope({ waitUntil: 1 } as never)).toThrow('waitUntil')
  })
})
