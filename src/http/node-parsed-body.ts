import { PerfError } from '../core/errors.ts'
import type { NodeRequestLike } from './node-types.ts'

/**
 * The bytes that stand for a body which somebody in front of us has read; `consumed` when they are lost; undefined when
 * nobody has.
 */
export function parsedBody(req: NodeRequestLike): Uint8Array<ArrayBuffer> | 'consumed' | undefined {
  const { rawBody, body } = req
  // Before `body`: with both, that one is what a parser made of it.
  if (isBytes(rawBody)) return rawBody
  if (isBytes(body)) return body
  if (req.readableDidRead === true) return 'consumed'
  // Read to its end, and there was nothing in it.
  return req.readableEnded === true ? new Uint8Array(0) : undefined
}

/** Not `instanceof`: the bytes may come from another realm. */
function isBytes(value: unknown): value is Uint8Array<ArrayBuffer> {
  return ArrayBuffer.isView(value)
}

/** The fields that go with such bytes: parsers also decompress, and the fields still speak of what was sent. */
export function fieldsOfParsed(headers: readonly [string, string][], { byteLength }: Uint8Array): [string, string][] {
  const isAsSent = headers.some(([name, value]) => name.toLowerCase() === 'content-length' && +value === byteLength)
  if (isAsSent) return [...headers]
  const told: [string, string][] = headers.filter(([name]) => !NOT_TRUE.has(name.toLowerCase()))
  told.push(['content-length', String(byteLength)])
  return told
}

const NOT_TRUE: ReadonlySet<string> = new Set(['content-encoding', 'content-length', 'transfer-encoding'])

/** A body that is lost: an error for who reads it, and nothing for who does not. */
export function consumedBody(tell: (error: PerfError) => void): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const error = new PerfError('ERR_PERF_BODY_CONSUMED', CONSUMED)
        tell(error)
        controller.error(error)
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: 0 }),
  )
}

const CONSUMED =
  'a body parser read this request before toNode was given it, and its bytes are lost. Put toNode(handler) before the ' +
  "parser, or parse its path with express.raw({ type: '*/*' }), or keep the bytes: " +
  'express.json({ verify: (req, res, bytes) => { req.rawBody = bytes } })'
