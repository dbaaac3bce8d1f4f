import type { Clock } from './clock.ts'
import { withDeadline } from './deadline.ts'
import { hasCode } from './errors.ts'
import { endsSoon } from './promise.ts'

/**
 * Why a body could not be read. `body_consumed`: somebody in front has read it, which is the service's own fault.
 * `body_shed`: there was no room for it.
 */
export type NoBody = 'body_consumed' | 'body_shed' | 'body_too_large' | 'body_unreadable'

/** The bytes of a request, or why there are none. */
export type Body = Uint8Array | NoBody

export interface BodyLimits {
  readonly maxBytes: number
  /** Is asked before each piece is kept, with its bytes: false when there is no room. */
  readonly take?: ((bytes: number) => boolean) | undefined
}

const EMPTY = new Uint8Array(0)
/** Longer than any provider waits: who sends so slowly, or has stopped in the middle, is gone. */
const READ_WITHIN_MS = 30_000

/**
 * Reads a body once, by its stream, and stops as soon as it is larger than `maxBytes`, there is no room, or 30 s are over:
 * what a sender claims in `Content-Length` is only believed when it is too much. A read that is given up is cancelled,
 * and keeps nothing.
 */
export async function readBodyInTime(request: Request, limits: BodyLimits, clock: Clock): Promise<Body> {
  const { maxBytes, take } = limits
  const claimed = Number(request.headers.get('content-length'))
  if (claimed > maxBytes) return 'body_too_large'
  const stream = request.body
  if (stream === null) return EMPTY
  if (stream.locked) return 'body_consumed'
  const reading = new BodyReading(stream.getReader(), { maxBytes, take })
  const read = reading.read()
  const soon = await endsSoon(read)
  const limit = { clock, timeoutMs: READ_WITHIN_MS, what: 'the body' }
  const body = soon ? await read : await withDeadline(limit, () => read).catch(() => reading.stop('body_unreadable'))
  // Not asked of `bodyUsed`, which costs as much as reading a small body.
  return typeof body !== 'string' && body.byteLength === 0 && claimed > 0 ? 'body_consumed' : body
}

class BodyReading {
  readonly #reader: ReadableStreamDefaultReader<unknown>
  readonly #maxBytes: number
  readonly #take: BodyLimits['take']
  #chunks: Uint8Array[] = []
  #size = 0

  constructor(reader: ReadableStreamDefaultReader<unknown>, { maxBytes, take }: BodyLimits) {
    this.#reader = reader
    this.#maxBytes = maxBytes
    this.#take = take
  }

  async read(): Promise<Body> {
    try {
      for (;;) {
        const { done, value } = await this.#reader.read()
        if (done) return this.#joined()
        // A stream of strings cannot be verified: which bytes were signed is lost.
        if (!isBytes(value)) return this.stop('body_unreadable')
        if (this.#size + value.byteLength > this.#maxBytes) return this.stop('body_too_large')
        if (this.#take?.(value.byteLength) === false) return this.stop('body_shed')
        this.#size += value.byteLength
        this.#chunks.push(value)
      }
    } catch (error) {
      return hasCode(error, 'ERR_PERF_BODY_CONSUMED') ? 'body_consumed' : 'body_unreadable'
    }
  }

  stop(why: NoBody): NoBody {
    this.#chunks = []
    // Not awaited: a sender that does not listen must not hold up the answer.
    void this.#reader.cancel().catch(() => undefined)
    return why
  }

  #joined(): Uint8Array {
    const [only] = this.#chunks
    return this.#chunks.length === 1 && only !== undefined ? only : joined(this.#chunks, this.#size)
  }
}

/** Not `instanceof`: the bytes may come from another realm. */
function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value)
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const all = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.byteLength
  }
  return all
}
