import type { Clock } from '../core/clock.ts'

/** How much of a body is kept, and for how long it may take. */
export interface CopyLimits {
  readonly maxBytes: number
  readonly timeoutMs: number
  readonly clock: Clock
}

/** A body in two: one to be sent as it comes, and a copy of its bytes. */
export interface BodyCopy {
  readonly sent: ReadableStream<Uint8Array> | null
  /** Rejects when the body breaks off; `undefined` when it was too large, took too long, or is not made of bytes. */
  readonly bytes: Promise<Uint8Array | undefined>
}

const EMPTY = new Uint8Array(0)

/**
 * Copies a body while it is sent. The copy runs ahead of a slow reader, by no more than `maxBytes`; once it is given up,
 * the body goes on as if nobody had copied it.
 */
export function copyBody(body: ReadableStream<Uint8Array> | null, limits: CopyLimits): BodyCopy {
  if (body === null) return { sent: null, bytes: Promise.resolve(EMPTY) }
  const [sent, copied] = body.tee()
  return { sent, bytes: collect(copied, limits) }
}

/** All bytes of a body that nobody else reads. */
export async function collect(
  body: ReadableStream<Uint8Array>,
  { maxBytes, timeoutMs, clock }: CopyLimits,
): Promise<Uint8Array | undefined> {
  const reader = body.getReader()
  let given = false
  const giveUp = (): void => {
    given = true
    // Not awaited: of a body in two, this settles when the other half is given up too.
    reader.cancel().catch(() => undefined)
  }
  const cancel = clock.after(timeoutMs, giveUp)
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      const chunk: unknown = next.value
      size += ArrayBuffer.isView(chunk) ? chunk.byteLength : Infinity
      if (size > maxBytes) giveUp()
      // Copied at once: whoever reads the other half may do with the chunk what he likes.
      else chunks.push(new Uint8Array(chunk as Uint8Array))
    }
  } finally {
    cancel()
  }
  if (given) return undefined
  const [first = EMPTY] = chunks
  return chunks.length < 2 ? first : new Uint8Array(await new Blob(chunks).arrayBuffer())
}

/** Enough turns of the microtask queue for a body that was made from a string or bytes; a live stream is not held up. */
const TURNS = 32

/** True when the promise has settled, or does before anything else can happen. */
export async function settlesNow(promise: Promise<unknown>): Promise<boolean> {
  let over = false
  const settled = (): void => {
    over = true
  }
  promise.then(settled, settled)
  for (let turn = 0; turn < TURNS && !over; turn += 1) await undefined
  return over
}
