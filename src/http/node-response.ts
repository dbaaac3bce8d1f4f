import type { NodeResponseLike } from './node-types.ts'

/** Writes a web response to a Node response; resolves when all of it was handed over, or nobody listens any more. */
export async function writeResponse(response: Response, res: NodeResponseLike, withBody: boolean): Promise<void> {
  const { status, statusText, headers, body } = response
  res.statusCode = status
  if (statusText !== '') res.statusMessage = statusText
  headers.forEach((value, name) => {
    if (name !== 'set-cookie') res.setHeader(name, value)
  })
  const cookies = headers.getSetCookie()
  if (cookies.length > 0) res.setHeader('set-cookie', cookies)
  if (body === null) {
    res.end()
  } else if (withBody) {
    await writeBody(body, res)
  } else {
    res.end()
    await body.cancel()
  }
}

async function writeBody(body: ReadableStream<Uint8Array>, res: NodeResponseLike): Promise<void> {
  const reader = body.getReader()
  const gone = (): void => {
    // A source that fails while it is told to stop has nobody left to tell.
    reader.cancel().catch(() => undefined)
  }
  if (res.destroyed) return gone()
  res.on('close', gone)
  try {
    const first = await reader.read()
    if (first.done) return void res.end()
    let coming = reader.read()
    // One chunk is the common case: written together with the head, in one packet and with its length.
    if (await endsNow(coming)) return void res.end(first.value)
    let chunk: ReadableStreamReadResult<Uint8Array> = first
    while (!chunk.done) {
      if (!res.write(chunk.value)) await drained(res)
      chunk = await coming
      if (!chunk.done) coming = reader.read()
    }
    res.end()
  } finally {
    res.off('close', gone)
  }
}

/** Enough turns for a body that was made from a string or bytes to say that it is over; a live stream is not held up. */
const TURNS = 8

async function endsNow(coming: Promise<ReadableStreamReadResult<Uint8Array>>): Promise<boolean> {
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
    if (res.destroyed) done()
  })
}
