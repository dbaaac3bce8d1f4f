import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { DedupStore } from '../../src/core/dedup-store.ts'
import { redisDedupStore } from '../../src/redis/index.ts'
import { ownName, startRedis, type PrivateServer } from '../servers/index.ts'
import { gate } from '../support/dedup-probe.ts'
import { dedupService as service, resent } from '../support/dedup-service.ts'
import { redisClient, redisDrivers, type RedisClient } from '../support/redis-clients.ts'
import { tcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

const UNAVAILABLE = { code: 'ERR_PERF_STORE_UNAVAILABLE' }

for (const driver of redisDrivers)
  describe(`a dedup on Redis, by ${driver}, when the server`, () => {
    let server: PrivateServer
    let proxy: TcpProxy
    let redis: RedisClient

    beforeAll(async () => {
      server = await startRedis({ private: true })
      // The server comes back on another port, to clients that know one address.
      proxy = await tcpProxy(server.port)
      redis = await redisClient(driver, `redis://127.0.0.1:${proxy.port}`)
    })
    afterEach(() => server.resume())
    afterAll(async () => {
      redis.close()
      await proxy.close()
      await server.stop()
    })

    const store = (prefix = ownName()): DedupStore => redisDedupStore(redis.client, { prefix })

    it('freezes: rejects at its deadline, skips the store, and recovers', async () => {
      const { dedup, told, count } = service(store())
      await dedup.once('before', () => 1)
      await server.pause()
      const ran: string[] = []
      const call = (key: string): Promise<unknown> => dedup.once(key, () => void ran.push(key))
      for (const missed of await Promise.allSettled(['m1', 'm2', 'm3'].map(call)))
        expect(missed).toMatchObject({ reason: { ...UNAVAILABLE, cause: { code: 'ERR_PERF_TIMEOUT' } } })
      expect(told('store.down')).toBe(1)
      const asked = count('claimMany')
      const skipped = await Promise.allSettled(Array.from({ length: 100 }, (_, at) => call(`s${at}`)))
      expect(skipped.every(({ status }) => status === 'rejected')).toBe(true)
      // Not one call each: at most a probe or two, a second apart.
      expect(count('claimMany') - asked).toBeLessThan(5)
      expect(ran).toEqual([])
      // What is known to be done needs no store.
      expect(await dedup.once('before', () => 2)).toEqual({ status: 'duplicate' })

      await server.resume()
      expect(await resent(() => dedup.once('m1', () => 'done after all'))).toMatchObject({ status: 'done' })
      expect(told('store.recovered')).toBe(1)
    })

    it('freezes under a claim: does not keep the key locked when it goes on', async () => {
      const own = store()
      const [first, second] = [service(own), service(own)]
      await server.pause()
      await expect(first.dedup.once('m1', () => expect.unreachable('it ran'))).rejects.toMatchObject(UNAVAILABLE)
      await server.resume()
      // The claim that was given up is carried out now, on the server, and would hold for 30 s.
      expect(await resent(() => second.dedup.once('m1', ({ attempt }) => attempt))).toMatchObject({ status: 'done' })
    })

    it('freezes before the completion: the work is done, degraded, and not repeated here', async () => {
      const { dedup, told } = service(store())
      const { opened, open } = gate()
      const started = gate()
      const call = dedup.each(['m1', 'm2'], {
        key: (key) => key,
        handle: async (key) => {
          if (key === 'm2') started.open()
          await opened
          return key
        },
      })
      await started.opened
      await server.pause()
      open()
      expect(await call).toEqual([
        { key: 'm1', status: 'done', value: 'm1', degraded: true },
        { key: 'm2', status: 'done', value: 'm2', degraded: true },
      ])
      expect(told('dedup.complete_failed')).toBeGreaterThan(0)
      expect(await dedup.once('m1', () => 'twice')).toEqual({ status: 'duplicate' })
      await server.resume()
    })

    it('freezes while a handler fails: the failure is answered, and the key is free in the end', async () => {
      const own = store()
      const [first, second] = [service(own), service(own)]
      const { opened, open } = gate()
      const started = gate()
      const call = first.dedup.once('m1', async () => {
        started.open()
        await opened
        throw new Error('db down')
      })
      await started.opened
      await server.pause()
      open()
      await expect(call).rejects.toThrow('db down')
      await server.resume()
      // The release reached the server, only its answer was late.
      expect(await resent(() => second.dedup.once('m1', ({ attempt }) => attempt))).toEqual({
        status: 'done',
        value: 2,
      })
    })

    it('is killed and comes back empty: rejects meanwhile, then works again, with scripts that it does not know', async () => {
      const own = store()
      const { dedup } = service(own)
      expect(await dedup.once('before', () => 1)).toMatchObject({ status: 'done' })
      await server.kill()
      const ran: string[] = []
      await expect(dedup.once('m1', () => void ran.push('m1'))).rejects.toMatchObject(UNAVAILABLE)
      await expect(
        dedup.each(['m1', 'm2'], { key: (key) => key, handle: (key) => ran.push(key) }),
      ).rejects.toMatchObject(UNAVAILABLE)
      expect(ran).toEqual([])
      server = await startRedis({ private: true })
      proxy.to(server.port)
      expect(await resent(() => dedup.once('m1', () => 'done'))).toMatchObject({ status: 'done' })
      // The store forgot it with the crash; this process did not.
      expect(await dedup.once('before', () => 2)).toEqual({ status: 'duplicate' })
      expect(await service(own).dedup.once('m1', () => 'twice')).toEqual({ status: 'duplicate' })
    })
  })
