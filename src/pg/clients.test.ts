import { describe, expect, it } from 'vitest'
import { pgClients, type PgConnection } from './clients.ts'

interface Fake extends PgConnection {
  readonly asked: string[]
  emit(event: string): void
}

function fake(internals: object = {}): Fake {
  const listeners: [string, () => void][] = []
  const asked: string[] = []
  return {
    asked,
    query: async (text) => void asked.push(text),
    end: async () => undefined,
    on: (event, listener) => listeners.push([event, listener]),
    emit: (event) => listeners.filter(([name]) => name === event).forEach(([, listener]) => listener()),
    ...internals,
  }
}

const call = { signal: new AbortController().signal }
const status = (letter: string | null, readyForQuery = true): object => ({
  readyForQuery,
  getTransactionStatus: () => letter,
})

describe('pgClients', () => {
  it('refuses options that it does not know', () => {
    expect(() => pgClients({ connect: 1 } as never)).toThrow('connect must be a function')
    expect(() => pgClients({ connect: async () => fake(), url: '' } as never)).toThrow('unknown option')
  })

  it('asks nothing of a connection that is in no transaction', async () => {
    const client = fake(status('I'))
    expect(pgClients({ connect: async () => client }).reset(client)).toBe(true)
    expect(client.asked).toEqual([])
  })

  it('rolls back what is open, failed, still running, or unknown to an old driver', async () => {
    for (const internals of [status('T'), status('E'), status('I', false), status(null), {}]) {
      const client = fake(internals)
      expect(await pgClients({ connect: async () => client }).reset(client)).toBe(true)
      expect(client.asked).toEqual(['rollback'])
    }
  })

  it('lends no connection that has died', async () => {
    for (const event of ['error', 'end']) {
      const client = fake(status('I'))
      const hooks = pgClients({ connect: async () => client })
      await hooks.create(call)
      expect(hooks.isLost(client)).toBe(false)
      expect(client.asked).toEqual([])
      client.emit(event)
      expect(hooks.isLost(client)).toBe(true)
      expect(hooks.reset(client)).toBe(false)
    }
  })

  it('validates by asking the server', async () => {
    const client = fake()
    const hooks = pgClients({ connect: async () => client })
    expect(await hooks.validate(client)).toBe(true)
    expect(client.asked).toEqual(['select 1'])
  })

  it('cuts the socket of a connection that does not end', async () => {
    let cut = false
    const client = fake({
      end: () => new Promise(() => undefined),
      connection: { stream: { destroy: () => (cut = true) } },
    })
    const abort = new AbortController()
    void pgClients({ connect: async () => client }).destroy(client, { signal: abort.signal })
    abort.abort()
    expect(cut).toBe(true)
  })
})
