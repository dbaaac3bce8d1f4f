import type { Handler } from '../../../src/core/handler.ts'
import type { ToNodeOptions } from '../../../src/http/index.ts'

/** What the handler was given. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly body: string
  readonly headers: Headers
}

/** What an answer must have; of the fields, those that are named: `undefined` for one that must not be there. */
export interface Expected {
  readonly status: number
  readonly body?: string
  readonly fields?: Readonly<Record<string, string | undefined>>
}

/** Bytes on a connection, and what the RFCs say must come of them. */
export interface Case {
  /** RFC and section, e.g. `9112 3.2`. */
  readonly rfc: string
  readonly it: string
  /** The bytes, as they are; pieces are sent one after the other, and not together. In Latin-1. */
  readonly send: string | readonly string[]
  /** A status alone, or more about the answer. */
  readonly answers: readonly (number | Expected)[]
  /** What the handler must have been given, request by request; by default, this is not looked at. */
  readonly seen?: readonly (Partial<Omit<Seen, 'headers'>> & {
    readonly fields?: Readonly<Record<string, string | null>>
  })[]
  /**
   * The connection is over after these answers. By default it must be usable: one more request follows in the same packet,
   * and its answer must be the next.
   */
  readonly closes?: true
  /** The last answer must break off, so that nobody takes it for whole. */
  readonly breaks?: true
  /** By default, one that reads the body and answers `ok`. */
  readonly handler?: Handler
  readonly options?: Pick<ToNodeOptions, 'origin'>
}

interface Message {
  readonly host?: string
  readonly fields?: string
  readonly body?: string
}

/** A request of HTTP/1.1; `fields` are whole lines. */
export function message(line: string, { host = 'a.example', fields = '', body = '' }: Message = {}): string {
  return `${line} HTTP/1.1\r\nHost: ${host}\r\n${fields}\r\n${body}`
}

/** A POST with these framing fields and these bytes behind the head. */
export function post(fields: string, body = ''): string {
  return message('POST /', { fields, body })
}

/** A body whose chunks come one by one, so that its end is not known when it begins. */
export function slowly(...chunks: readonly string[]): ReadableStream<Uint8Array> {
  const left = [...chunks]
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        await new Promise(setImmediate)
        const chunk = left.shift()
        if (chunk === undefined) controller.close()
        else controller.enqueue(new TextEncoder().encode(chunk))
      },
    },
    { highWaterMark: 0 },
  )
}
