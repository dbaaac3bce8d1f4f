import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { ownName } from '../servers/index.ts'
import { cacheSchema } from '../support/cache-schema.ts'
import { redisClient, type RedisClient } from '../support/redis-clients.ts'
import type { SqlSchema } from '../support/sql-schema.ts'

/** As many pages as are read and written at the same time. */
const PAIRS = Array.from({ length: 60 }, (_, at) => `/held/${at}`)

const children: ChildProcess[] = []
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.disconnect()
    await once(child, 'exit')
  }
})

/** A process with an HTTP server of its own; gives its address. */
async function start(...args: readonly string[]): Promise<string> {
  const child = fork(new URL('../support/page-peer.ts', import.meta.url), args, { execArgv: ['--import', 'tsx'] })
  children.push(child)
  const [url] = (await once(child, 'message')) as [string]
  return url
}

const body = async (url: string, init?: RequestInit): Promise<string> => (await fetch(url, init)).text()

let redis: RedisClient
let own: SqlSchema
beforeAll(async () => {
  redis = await redisClient('ioredis', inject('redisUrl'))
  own = await cacheSchema(inject('postgresUrl'))
})
afterAll(async () => {
  redis.close()
  await own.end()
})

describe.each([
  ['Redis', () => ''],
  ['Postgres', () => own.url],
])('two processes before %s, with a bus,', (_, postgresUrl) => {
  /** Lets a page be read in one process, changed through the other, and only then answered. */
  async function overtaken([one, other]: readonly [string, string], path: string, method: string): Promise<string> {
    const data = (name: string): string => `${prefix}data:${path}${name}`
    const old = body(other + path)
    while ((await redis.send('GET', data(' read'))) === null) await sleep(5)
    await body(one + path, { method })
    await redis.send('SET', data(' let go'), '1')
    return old
  }

  let prefix = ''

  it.each([
    ['its address is written to', 'POST'],
    ['its tag is invalidated', 'PUT'],
  ])('store no page that was asked for before %s, under load', async (__, method) => {
    prefix = ownName()
    const args = [inject('redisUrl'), prefix, postgresUrl()]
    const [one, other, third] = [await start(...args), await start(...args), await start(...args)]
    let busy = true
    const load = Promise.all(
      [one, other].map(async (url) => {
        for (let at = 0; busy; at += 1) await body(`${url}/noise/${at % 50}`, { method: at % 7 === 0 ? 'POST' : 'GET' })
      }),
    )
    const served = await Promise.all(PAIRS.map((path) => overtaken([one, other], path, method)))
    // Who asked before the change may be told what was before.
    expect(new Set(served)).toEqual(new Set(['0']))
    busy = false
    await load
    for (const url of [third, one, other]) {
      const seen = await Promise.all(PAIRS.map((path) => body(url + path)))
      expect(seen.filter((page) => page !== '1')).toEqual([])
    }
    // What is asked for after the change is stored for all.
    const words = await Promise.all(PAIRS.map(async (path) => (await fetch(one + path)).headers.get('x-cache')))
    expect(new Set(words)).toEqual(new Set(['HIT']))
  })
})
