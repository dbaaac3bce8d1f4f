import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { ownName } from '../servers/index.ts'
import { redisClient, type RedisClient } from '../support/redis-clients.ts'
import { stored } from '../support/rfc9111-cases.ts'
import { requests } from '../support/rfc9111-requests.ts'
import { sharedBus, World, type Case, type Instance } from '../support/rfc9111-world.ts'

const CASES = [...stored, ...requests]
/** So often every case runs at the same time as all the others. */
const AT_ONCE = 3

const name = ({ section, says }: Case): string => `${section}: ${says}`
const expected = ({ steps }: Case): string[] => steps.map(({ gives }) => gives)

describe('the response cache by RFC 9111', () => {
  const prefix = ownName()
  const clients: RedisClient[] = []
  const instances: Instance[] = []

  beforeAll(async () => {
    const channel = ownName()
    for (let at = 0; at < 2; at += 1) {
      const redis = await redisClient('ioredis', inject('redisUrl'))
      const bus = await sharedBus(redis.client, channel)
      clients.push(redis)
      instances.push({ client: redis.client, bus })
    }
  })
  afterAll(async () => {
    await Promise.all(instances.map(({ bus }) => bus.end()))
    clients.forEach(({ close }) => close())
  })

  it('is a table of some size', () => {
    expect(CASES.length).toBeGreaterThanOrEqual(100)
    expect(new Set(CASES.map(name)).size).toBe(CASES.length)
  })

  it.each(CASES.map((one) => [name(one), one] as const))('in one process: %s', async (_, one) => {
    expect(await new World(one).run(one)).toEqual(expected(one))
  })

  it.each(CASES.map((one) => [name(one), one] as const))('in two: %s', async (_, one) => {
    expect(await new World(one, instances, prefix).run(one)).toEqual(expected(one))
  })

  it('all at once', async () => {
    const worlds = Array.from({ length: AT_ONCE }, () => CASES).flat()
    const seen = await Promise.all(
      worlds.map(async (one, at) => {
        const steps = await new World(one, at % 3 === 0 ? [] : instances, prefix).run(one)
        return { case: name(one), steps }
      }),
    )
    expect(seen).toEqual(worlds.map((one) => ({ case: name(one), steps: expected(one) })))
  })
})
