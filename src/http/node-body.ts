import type { NodeRequestLike } from './node-types.ts'

/** So much is taken from the socket ahead of the reader; then the sender has to wait. In bytes. */
const AHEAD = 65_536

/** The body of a Node request as a web stream. */
export interface NodeBody {
  readonly stream: ReadableStream<Uint8Array>
  /** Lets the rest run out unread, so that the connection can be used again; who still reads gets an error. */
  drop(): void
}

/** Reads nothing until somebody does; then no further ahead than a socket's buffer. */
export function nodeBody(request: NodeRequestLike): NodeBody {
  let state: 'untouched' | 'reading' | 'over' = 'untouched'
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined

  function fail(error: Error): void {
    if (state !== 'over') controller?.error(error)
    state = 'over'
  }

  function gone(): void {
    // Called after every request, and an error costs as much as all the rest of one.
    if (state !== 'over') fail(new DOMException('the client went away before its request was complete', 'AbortError'))
  }

  function listen(to: ReadableStreamDefaultController<Uint8Array>): void {
    // None of its events would come any more.
    if (request.destroyed === true) return gone()
    state = 'reading'
    request.on('data', (chunk: Uint8Array) => {
      if (state === 'over') return
      // A plain view: what reads a web stream need not know Node's Buffer.
      to.enqueue(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength))
      if ((to.desiredSize ?? 0) <= -AHEAD) request.pause()
    })
    request.on('end', () => {
      if (state === 'reading') to.close()
      state = 'over'
    })
    request.on('error', gone)
    request.on('close', gone)
  }

  const stream = new ReadableStream<Uint8Array>(
    {
      start(its) {
        controller = its
      },
      pull(its) {
        if (state === 'untouched') listen(its)
        else request.resume()
      },
      cancel() {
        state = 'over'
        request.resume()
      },
    },
    // Nothing is pulled before somebody reads: a handler that refuses by a header alone never touches the body.
    new ByteLengthQueuingStrategy({ highWaterMark: 0 }),
  )
  return {
    stream,
    drop() {
      // Untouched bodies are dropped by Node itself.
      if (state !== 'reading') return
      fail(new Error('the request was answered before its body was read'))
      request.resume()
    },
  }
}
