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
  const claimed = Number(request.headers.get('content-length'))
  if (claimed > limits.maxBytes) return 'body_too_large'
  const stream = request.body
  if (stream === null) return EMPTY
  if (stream.locked) return 'body_consumed'
  const reader = stream.getReader() as ReadableStreamDefaultReader<unknown>
  const reading = read(reader, limits, claimed)
  if (await endsSoon(reading)) return await reading
  const limit = { clock, timeoutMs: READ_WITHIN_MS, what: 'the body' }
  return withDeadline(limit, () => reading).catch(() => stop(reader, 'body_unreadable'))
}

async function read(
  reader: ReadableStreamDefaultReader<unknown>,
  { maxBytes, take }: BodyLimits,
  claimed: number,
): Promise<Body> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      // A stream of strings cannot be verified: which bytes were signed is lost.
      if (!isBytes(value)) return stop(reader, 'body_unreadable')
      size += value.byteLength
      if (size > maxBytes) return stop(reader, 'body_too_large')
      if (take?.(value.byteLength) === false) return stop(reader, 'body_shed')
      chunks.push(value)
    }
  } catch (error) {
    return hasCode(error, 'ERR_PERF_BODY_CONSUMED') ? 'body_consumed' : 'body_unreadable'
  }
  // Not asked of `bodyUsed`, which costs as much as reading a small body.
  if (size === 0 && claimed > 0) return 'body_consumed'
  const [only] = chunks
  return chunks.length === 1 && only !== undefined ? only : joined(chunks, size)
}

/** Ends a read, and with it all that it keeps. */
function stop(reader: ReadableStreamDefaultReader<unknown>, why: NoBody): NoBody {
  // Not awaited: a sender that does not listen must not hold up the answer.
  void reader.cancel().catch(() => undefined)
  return why
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
