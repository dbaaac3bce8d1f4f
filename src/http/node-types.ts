/** What `toNode` needs of `node:http`'s or `node:http2`'s request; written here so that nothing of Node is imported. */
export interface NodeRequestLike {
  readonly method?: string | undefined
  readonly url?: string | undefined
  /** Names and values in turns, as they came. */
  readonly rawHeaders: readonly string[]
  /** Asked where there are no raw ones: requests that are made of a Lambda's event have these alone. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly socket: object
  readonly complete: boolean
  /** True once somebody was given bytes of the body. */
  readonly readableDidRead?: boolean
  /** True once somebody was told that the body is over. */
  readonly readableEnded?: boolean
  /** True once the body is over, or will never come. */
  readonly destroyed?: boolean
  /** The bytes of the body, as Google's and Firebase's functions keep them. */
  readonly rawBody?: unknown
  /** What a body parser made of the body; taken for it when it is bytes. */
  readonly body?: unknown
  /** HTTP/2's own: whether a body follows is said there, and not by a header. */
  readonly stream?: object
  /** Hears `data`, `end`, `error` and `close`, and only once the handler reads the body. */
  on(event: string, listener: (...args: never[]) => void): unknown
  /** Called when 64 KiB wait for a handler that reads too slowly. */
  pause(): unknown
  /** Called when the handler reads on, and to let a body run out that nobody wants. */
  resume(): unknown
}

/** What `toNode` needs of `node:http`'s or `node:http2`'s response. */
export interface NodeResponseLike {
  statusCode: number
  statusMessage: string
  readonly headersSent: boolean
  readonly writableEnded: boolean
  readonly writableFinished: boolean
  /** HTTP/2 has none: there, the stream is asked. */
  readonly destroyed?: boolean
  readonly stream?: object
  /** Called once for each header name. */
  setHeader(name: string, value: string): unknown
  /** For `set-cookie` and `vary`, which add to what a framework has set before. */
  appendHeader(name: string, value: string): unknown
  /** Takes back the fields of an answer that could not be sent. */
  removeHeader(name: string): unknown
  /** `false` makes `toNode` wait for `drain` or `close` before the next chunk. */
  write(chunk: Uint8Array): boolean
  /** Ends the response; a body of a single chunk, or the text of an error, comes with it. */
  end(chunk?: Uint8Array | string): unknown
  /** Breaks the connection, or the stream of HTTP/2, when the handler fails after the head was sent. */
  destroy(error?: Error): unknown
  /** Hears `close`, and `drain` while a chunk waits. */
  on(event: string, listener: () => void): unknown
  /** Takes back a listener, so that a connection that stays open gathers none. */
  off(event: string, listener: () => void): unknown
}

/** Whether nobody listens any more. */
export function isGone({ destroyed, stream }: NodeResponseLike): boolean {
  return destroyed ?? (stream as { readonly destroyed?: boolean } | undefined)?.destroyed ?? false
}
