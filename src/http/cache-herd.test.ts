import { describe, expect, it } from 'vitest'
import { cachedService } from '../../test/support/cached-service.ts'
import { gate } from '../../test/support/dedup-probe.ts'

const HERD = Array.from({ length: 100 }, (_, at) => at)

/** Answers when the gate opens, and says who got what: the number of the request, which nobody else may have. */
function held(headers: Record<string, string>, body = ''): ReturnType<typeof cachedService> & { open(): void } {
  const service = cachedService()
  const { opened, open } = gate()
  service.answers(async () => {
    const own = service.asked.length
    await opened
    return new Response(`${own}${body}`, { headers })
  })
  return { ...service, open }
}

describe('a herd on one address', () => {
  it('asks the handler once', async () => {
    const service = held({})
    const lines = HERD.map(() => service.line('/a'))
    await service.clock.tick(100)
    service.open()
    expect((await Promise.all(lines)).sort()).toEqual([...HERD.slice(1).map(() => 'HIT 1'), 'MISS 1'])
    expect(service.asked).toHaveLength(1)
  })

  it('asks once for a body that comes in pieces, too', async () => {
    const service = cachedService()
    const { opened, open } = gate()
    service.answers(() => {
      const pieces = new TransformStream<Uint8Array, Uint8Array>()
      const writer = pieces.writable.getWriter()
      const say = (text: string): Promise<void> => writer.write(new TextEncoder().encode(text))
      void say('one ')
        .then(() => opened)
        .then(() => say('two'))
        .then(() => writer.close())
      return new Response(pieces.readable)
    })
    const first = await service.get('/a')
    const reader = first.body?.getReader()
    // The first piece is there before the body is whole.
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('one ')
    const others = HERD.map(() => service.line('/a'))
    open()
    expect(new Set(await Promise.all(others))).toEqual(new Set(['HIT one two']))
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('two')
    expect(service.asked).toHaveLength(1)
  })

  it.each<[string, Record<string, string>, string?]>([
    ['private', { 'cache-control': 'private' }],
    ['not to be stored', { 'cache-control': 'no-store' }],
    ['a cookie', { 'set-cookie': 'session=1' }],
    ['stale at once', { 'cache-control': 'max-age=0' }],
    ['for * alone', { vary: '*' }],
    ['too large by its length', { 'content-length': '2000000' }],
    ['too large', {}, 'x'.repeat(1_048_577)],
  ])('never shares what is %s: the others ask for themselves, side by side', async (_, headers, body) => {
    const service = held(headers, body)
    const answers = HERD.map(async () => parseInt(await (await service.get('/a')).text(), 10))
    await service.clock.tick(100)
    expect(service.asked).toHaveLength(1)
    service.open()
    expect((await Promise.all(answers)).sort((a, b) => a - b)).toEqual(HERD.map((at) => at + 1))
    // A later herd does not wait for one of them first.
    const { opened, open } = gate()
    service.answers(async () => {
      await opened
      return new Response('a', { headers })
    })
    const later = HERD.map(() => service.get('/a'))
    await service.clock.tick(0)
    expect(service.asked).toHaveLength(200)
    open()
    await Promise.all(later)
  })

  it('waits for each other again after five seconds, or once something was stored', async () => {
    const service = cachedService({}, { 'cache-control': 'private' })
    await service.get('/a')
    await service.clock.tick(5_000)
    const { opened, open } = gate()
    service.answers(async () => {
      await opened
      return new Response('for all')
    })
    const herd = HERD.map(() => service.line('/a'))
    await service.clock.tick(1)
    expect(service.asked).toHaveLength(2)
    open()
    await Promise.all(herd)
    expect(service.asked).toHaveLength(2)
  })

  it('is told what the handler threw, and does not try a hundred times', async () => {
    const service = cachedService()
    const down = new Error('db down')
    service.answers(async () => {
      await service.clock.tick(1)
      throw down
    })
    const results = await Promise.allSettled(HERD.map(() => service.get('/a')))
    expect(results.every((result) => result.status === 'rejected' && result.reason === down)).toBe(true)
    expect(service.asked).toHaveLength(1)
    service.answers(() => new Response('up'))
    expect(await service.line('/a')).toBe('MISS up')
  })

  it('lets everybody have a 5xx of his own', async () => {
    const service = cachedService()
    service.answers(() => new Response(String(service.asked.length), { status: 500 }))
    const bodies = await Promise.all(HERD.map(async () => (await service.get('/a')).text()))
    expect(new Set(bodies).size).toBe(100)
  })

  it('does not wait for a slow one for longer than the limit', async () => {
    const service = cachedService({ loadTimeoutMs: 2_000 })
    service.answers(async () => {
      if (service.asked.length === 1) await new Promise(() => undefined)
      return new Response('own')
    })
    void service.get('/a')
    const lines = [service.line('/a'), service.line('/a')]
    await service.clock.tick(1_999)
    expect(service.asked).toHaveLength(1)
    await service.clock.tick(1)
    expect(await Promise.all(lines)).toEqual(['MISS own', 'MISS own'])
    expect(await service.line('/a')).toBe('HIT own')
  })

  it('loses only the one who leaves', async () => {
    const service = held({})
    const leaver = new AbortController()
    const first = service.line('/a')
    const leaving = service.send('/a', { signal: leaver.signal })
    const other = service.line('/a')
    await service.clock.tick(1)
    leaver.abort(new Error('gone'))
    await expect(leaving).rejects.toThrow('gone')
    service.open()
    expect([await first, await other]).toEqual(['MISS 1', 'HIT 1'])
  })

  it('goes on with one of the others when the first one leaves and takes the handler along', async () => {
    const service = cachedService()
    const { opened, open } = gate()
    service.answers(async ({ signal }) => {
      const own = service.asked.length
      if (own === 1)
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
      await opened
      return new Response(String(own))
    })
    const leaver = new AbortController()
    const leaving = service.send('/a', { signal: leaver.signal })
    const others = HERD.map(() => service.line('/a'))
    await service.clock.tick(1)
    leaver.abort(new Error('gone'))
    await expect(leaving).rejects.toThrow('gone')
    await service.clock.tick(1)
    open()
    expect(new Set(await Promise.all(others))).toEqual(new Set(['MISS 2', 'HIT 2']))
    expect(service.asked).toHaveLength(2)
  })

  it('is one herd for each address', async () => {
    const service = cachedService()
    await Promise.all(HERD.map((at) => service.get(`/${at % 10}`)))
    expect(service.asked).toHaveLength(10)
  })
})
