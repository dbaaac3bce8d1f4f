import { describe, expect, it } from 'vitest'
import { readBodyInTime, type Body } from './body.ts'
import { systemClock } from './clock.ts'

const readBody = (request: Request, maxBytes: number): Promise<Body> =>
  readBodyInTime(request, { maxBytes }, systemClock)

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A request whose body comes in these pieces, without a `Content-Length` unless one is given. */
function streamed(source: UnderlyingDefaultSource<unknown>, headers: Record<string, string> = {}): Request {
  const body = new ReadableStream(source, { highWaterMark: 0 })
  return new Request('https://example.test', { method: 'POST', headers, body, duplex: 'half' } as RequestInit)
}

function inPieces(pieces: readonly unknown[], headers?: Record<string, string>): Request {
  const left = [...pieces]
  return streamed(
    {
      pull(controller) {
        if (left.length === 0) controller.close()
        else controller.enqueue(left.shift())
      },
    },
    headers,
  )
}

describe('readBody', () => {
  it('joins what came in pieces, empty ones among them', async () => {
    const request = inPieces([encode('ab'), encode(''), encode('c'), encode('def')])
    expect(await readBody(request, 6)).toEqual(encode('abcdef'))
  })

  it('gives the very bytes, not what they decode to', async () => {
    const bytes = new Uint8Array([0, 0xff, 0xfe, 0x80, 0xc3, 0x28, 0])
    expect(await readBody(inPieces([bytes.slice(0, 5), bytes.slice(5)]), 100)).toEqual(bytes)
  })

  it('gives no bytes for a request without a body, and for a stream that ends at once', async () => {
    expect(await readBody(new Request('https://example.test', { method: 'POST' }), 10)).toEqual(new Uint8Array(0))
    expect(await readBody(new Request('https://example.test', { method: 'POST', body: '' }), 10)).toEqual(encode(''))
    expect(await readBody(inPieces([]), 10)).toEqual(new Uint8Array(0))
  })

  it('takes a body of exactly the limit, and none that is a byte longer', async () => {
    expect(await readBody(inPieces([encode('12345'), encode('67890')]), 10)).toEqual(encode('1234567890'))
    expect(await readBody(inPieces([encode('12345'), encode('67890'), encode('1')]), 10)).toBe('body_too_large')
  })

  it('stops an endless body at the limit, and tells the sender so', async () => {
    let pulled = 0
    let cancelled = false
    const endless = streamed({
      pull(controller) {
        pulled += 1
        controller.enqueue(new Uint8Array(1_000))
      },
      cancel() {
        cancelled = true
      },
    })
    expect(await readBody(endless, 10_000)).toBe('body_too_large')
    expect(pulled).toBe(11)
    expect(cancelled).toBe(true)
  })

  it('answers although the sender does not let itself be told', async () => {
    const deaf = streamed({
      pull: (controller) => controller.enqueue(new Uint8Array(100)),
      cancel: () => Promise.reject(new Error('deaf')),
    })
    expect(await readBody(deaf, 10)).toBe('body_too_large')
  })

  it('does not read a body that says itself that it is too large', async () => {
    const request = inPieces([encode('short')], { 'content-length': '11' })
    expect(await readBody(request, 10)).toBe('body_too_large')
    expect(request.bodyUsed).toBe(false)
  })

  it('believes no length that is small, negative or no number', async () => {
    for (const length of ['1', '0', '-5', 'many', '']) {
      expect(await readBody(inPieces([encode('12345')], { 'content-length': length }), 10)).toEqual(encode('12345'))
      const large = inPieces([encode('123456'), encode('123456')], { 'content-length': length })
      expect(await readBody(large, 10)).toBe('body_too_large')
    }
  })

  it('is unreadable when the stream breaks, at once or in the middle', async () => {
    const broken = (after: number): Request => {
      let sent = 0
      return streamed({
        pull(controller) {
          if (sent === after) controller.error(new Error('connection reset'))
          else controller.enqueue(encode('x'))
          sent += 1
        },
      })
    }
    expect(await readBody(broken(0), 10)).toBe('body_unreadable')
    expect(await readBody(broken(3), 10)).toBe('body_unreadable')
  })

  it('is consumed when somebody has read it, is reading it, or has locked it', async () => {
    const read = inPieces([encode('x')])
    read.headers.set('content-length', '1')
    await read.text()
    expect(await readBody(read, 10)).toBe('body_consumed')

    // Released afterwards, it looks like an empty body: its length says that it is not.
    const released = inPieces([encode('x')])
    released.headers.set('content-length', '1')
    const reader = released.body?.getReader()
    while ((await reader?.read())?.done === false);
    reader?.releaseLock()
    expect(await readBody(released, 10)).toBe('body_consumed')

    const begun = inPieces([encode('x'), encode('y')])
    await begun.body?.getReader().read()
    expect(await readBody(begun, 10)).toBe('body_consumed')

    const locked = inPieces([encode('x')])
    locked.body?.getReader()
    expect(await readBody(locked, 10)).toBe('body_consumed')
  })

  it('is unreadable when the stream holds something else than bytes', async () => {
    expect(await readBody(inPieces(['body_too_large']), 100)).toBe('body_unreadable')
    expect(await readBody(inPieces([encode('a'), 'b']), 100)).toBe('body_unreadable')
    expect(await readBody(inPieces([{ byteLength: 1 }]), 100)).toBe('body_unreadable')
  })
})
