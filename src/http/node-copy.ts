import { PerfError } from '../core/errors.ts'
import { wrongLength } from './node-head.ts'
import { isGone, type NodeResponseLike } from './node-types.ts'

type Reader = ReadableStreamDefaultReader<Uint8Array>
type Read = ReadableStreamReadResult<Uint8Array>

/**
 * Copies a body to the connection, as fast as that takes it.
 *
 * @param length - what the handler said; a longer body never reaches the connection, where it would be read as the
 *   beginning of the next answer, and a shorter one must not pass for whole
 * @throws PerfError `ERR_PERF_RESPONSE` for a body of another length, or of anything else than bytes
 */
export async function copyBody(reader: Reader, res: NodeResponseLike, length: number | undefined): Promise<void> {
  const first = await reader.read()
  if (first.done) return length === undefined || length === 0 ? undefined : wrongLength(length)
  const coming = reader.read()
  // One chunk is the common case: written together with the head, in one packet and with its length.
  if (await endsNow(coming)) writeWhole(bytesOf(first), res, length)
  else await writeOn({ reader, first, coming }, res, length)
}

function writeWhole(chunk: Uint8Array, res: NodeResponseLike, length: number | undefined): void {
  // Too small a length is mended: all bytes are here. Too large a one may be true, and the rest lost.
  if (length !== undefined && length > chunk.byteLength) wrongLength(length)
  // Node counts by itself, but not for HTTP/1.0 and HTTP/2.
  res.setHeader('content-length', String(chunk.byteLength))
  res.end(chunk)
}

interface Begun {
  readonly reader: Reader
  readonly first: Read
  readonly coming: Promise<Read>
}

async function writeOn(begun: Begun, res: NodeResponseLike, length: number | undefined): Promise<void> {
  let { first: chunk, coming } = begun
  let left = length ?? Infinity
  if (length !== undefined) res.setHeader('content-length', String(length))
  while (!chunk.done) {
    const bytes = bytesOf(chunk)
    left -= bytes.byteLength
    if (length !== undefined && left < 0) wrongLength(length)
    if (!res.write(bytes)) await drained(res)
    chunk = await coming
    if (!chunk.done) coming = begun.reader.read()
  }
  if (length !== undefined && left > 0 && !isGone(res)) wrongLength(length)
}

function bytesOf({ value }: Read): Uint8Array {
  if (ArrayBuffer.isView(value)) return value
  throw new PerfError('ERR_PERF_RESPONSE', 'the body of an answer must be a stream of bytes')
}

/** Enough turns for a body that was made from a string or bytes to say that it is over; a live stream is not held up. */
const TURNS = 8

async function endsNow(coming: Promise<Read>): Promise<boolean> {
  let over = false
  coming.then(
    ({ done }) => {
      over = done
    },
    () => undefined,
  )
  for (let turn = 0; turn < TURNS && !over; turn += 1) await undefined
  return over
}

function drained(res: NodeResponseLike): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      res.off('drain', done)
      res.off('close', done)
      resolve()
    }
    res.on('drain', done)
    res.on('close', done)
    // Closed before we listened: neither event would come any more.
    if (isGone(res)) done()
  })
}
