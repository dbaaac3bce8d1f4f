import { describe, expect, it } from 'vitest'
import { cachedService } from '../../test/support/cached-service.ts'

describe('a body', () => {
  const endless = (
    chunk: number,
  ): { body: ReadableStream<Uint8Array>; pulled: () => number; cancelled: () => boolean } => {
    let pulled = 0
    let cancelled = false
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulled += chunk
          controller.enqueue(new Uint8Array(chunk))
        },
        cancel() {
          cancelled = true
        },
      },
      { highWaterMark: 0 },
    )
    return { body, pulled: () => pulled, cancelled: () => cancelled }
  }

  it('above the limit passes through without being collected, and is ended by its reader', async () => {
    const service = cachedService({ maxBytes: 10_000 })
    const source = endless(1_000)
    service.answers(() => new Response(source.body))
    const response = await service.get('/a')
    const reader = response.body?.getReader()
    let read = 0
    while (read < 50_000) read += (await reader?.read())?.value?.byteLength ?? 0
    expect(source.pulled()).toBeLessThan(read + 5_000)
    await reader?.cancel()
    expect(source.cancelled()).toBe(true)
  })

  it('of a reader who went away is not read for longer than the limit', async () => {
    const service = cachedService({ loadTimeoutMs: 2_000 })
    let cancelled = false
    service.answers(
      () =>
        new Response(
          new ReadableStream<Uint8Array>({
            start: (controller) => controller.enqueue(new Uint8Array(1)),
            cancel: () => void (cancelled = true),
          }),
        ),
    )
    // Settles when the copy is given up, too.
    const left = (await service.get('/a')).body?.cancel()
    expect(cancelled).toBe(false)
    await service.clock.tick(2_000)
    await left
    expect(cancelled).toBe(true)
  })

  it('that breaks off breaks off for its reader, and is not stored', async () => {
    const service = cachedService()
    service.answers(
      () =>
        new Response(
          new ReadableStream<Uint8Array>({
            start(controller) {
              controller.enqueue(new Uint8Array(1))
              controller.error(new Error('broken'))
            },
          }),
        ),
    )
    await expect((await service.get('/a')).text()).rejects.toThrow('broken')
    service.answers(() => new Response('whole'))
    expect([await service.line('/a'), await service.line('/a')]).toEqual(['MISS whole', 'HIT whole'])
  })

  it('may be written over by who sent it, once it is sent', async () => {
    const service = cachedService()
    const buffer = Buffer.from('before')
    service.answers(() => {
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(buffer)
          controller.close()
        },
      })
      return new Response(body)
    })
    expect(await service.line('/a')).toBe('MISS before')
    await service.host.drain()
    buffer.fill('x')
    expect(await service.line('/a')).toBe('HIT before')
  })
})
