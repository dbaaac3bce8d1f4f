import { copyBody } from './node-copy.ts'
import { writeHead, wrongLength } from './node-head.ts'
import { isGone, type NodeResponseLike } from './node-types.ts'

/**
 * Writes a web response to a Node response; resolves when all of it was handed over, or nobody listens any more.
 *
 * @throws PerfError `ERR_PERF_RESPONSE` when it cannot be sent as it is; or what its body fails with
 */
export async function writeResponse(response: Response, res: NodeResponseLike, isHead: boolean): Promise<void> {
  const { status, body } = response
  const length = writeHead(response, res)
  if (body !== null && !isHead) return writeBody(body, res, length)
  if (length !== undefined && saysLength(status, isHead)) res.setHeader('content-length', String(length))
  // Without a body there is nothing to say how long it is: a client would wait for it.
  else if (length !== undefined && length > 0 && status !== 204 && status !== 205) wrongLength(length)
  res.end()
  // A source that fails while it is told to stop has nobody left to tell.
  body?.cancel().catch(() => undefined)
}

/** Where the field speaks of what GET would give, and not of this answer (RFC 9110, section 8.6). */
function saysLength(status: number, isHead: boolean): boolean {
  return status === 304 || (isHead && status !== 204 && status !== 205)
}

async function writeBody(
  body: ReadableStream<Uint8Array>,
  res: NodeResponseLike,
  length: number | undefined,
): Promise<void> {
  const reader = body.getReader()
  const stop = (): void => {
    reader.cancel().catch(() => undefined)
  }
  if (isGone(res)) return stop()
  res.on('close', stop)
  try {
    await copyBody(reader, res, length)
    res.end()
  } catch (error) {
    stop()
    throw error
  } finally {
    res.off('close', stop)
  }
}
