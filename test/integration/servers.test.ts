import { createConnection } from 'node:net'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { Redis } from 'ioredis'
import { Client } from 'pg'
import postgres from 'postgres'
import { describe, expect, inject, it } from 'vitest'
import { ownName, ownSchema, startPostgres, startRedis } from '../servers/index.ts'

/** Sends PING and says whether an answer came before `ms` were over. */
async function answers(port: number, ms: number): Promise<boolean> {
  const socket = createConnection(port, '127.0.0.1')
  try {
    socket.write('PING\r\n')
    const [reply] = (await once(socket, 'data', { signal: AbortSignal.timeout(ms) })) as [Buffer]
    return reply.toString() === '+PONG\r\n'
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

async function connected(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString })
  // A server that is killed under a connection is told here; without a listener it would end the process.
  client.on('error', () => undefined)
  await client.connect()
  return client
}

describe('the shared servers', () => {
  it('offer a Redis that answers', async () => {
    const redis = new Redis(inject('redisUrl'))
    const key = ownName()
    expect(await redis.ping()).toBe('PONG')
    await redis.set(key, 'there')
    expect(await redis.get(key)).toBe('there')
    await redis.del(key)
    await redis.quit()
  })

  it('offer a Postgres that answers', async () => {
    const client = await connected(inject('postgresUrl'))
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await client.end()
  })

  it('give each test file a schema of its own, to both drivers', async () => {
    const { schema, url, drop } = await ownSchema(inject('postgresUrl'))
    const client = await connected(url)
    await client.query('create table things (id int); insert into things values (7)')
    expect((await client.query(`select id from ${schema}.things`)).rows).toEqual([{ id: 7 }])
    const sql = postgres(url, { max: 1 })
    expect([...(await sql`select id from things`)]).toEqual([{ id: 7 }])
    await sql.end()
    await drop()
    expect((await client.query('select to_regclass($1) as found', [`${schema}.things`])).rows).toEqual([
      { found: null },
    ])
    await client.end()
  })
})

describe('a private Redis', () => {
  it('stands still while it is paused, and goes on afterwards', async () => {
    const server = await startRedis({ private: true })
    expect(await answers(server.port, 5_000)).toBe(true)
    await server.pause()
    expect(await answers(server.port, 150)).toBe(false)
    await server.resume()
    expect(await answers(server.port, 5_000)).toBe(true)
    await server.stop()
    expect(await answers(server.port, 150)).toBe(false)
  })

  it('can be stopped while it is paused, and after it was killed', async () => {
    const server = await startRedis({ private: true })
    await server.pause()
    await server.stop()
    await server.kill()
    expect(existsSync(`/proc/${server.pid}`)).toBe(false)
  })
})

describe('a private Postgres', () => {
  it('freezes the connections that it has, too', async () => {
    const server = await startPostgres({ private: true })
    const client = await connected(server.url)
    await server.pause()
    let answered = false
    const answer = client.query('select 1 as one').then(({ rows }) => {
      answered = true
      return rows as unknown[]
    })
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(answered).toBe(false)
    await server.resume()
    expect(await answer).toEqual([{ one: 1 }])
    await server.kill()
    await expect(client.query('select 1')).rejects.toThrow()
    await expect(connected(server.url)).rejects.toThrow('ECONNREFUSED')
  })
})
