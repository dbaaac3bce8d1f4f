/** What `toNode` needs of `node:http`'s request; written here so that nothing of Node is imported. */
export interface NodeRequestLike {
  readonly method?: string | undefined
  readonly url?: string | undefined
  /** Names and values in turns, as they came. */
  readonly rawHeaders: readonly string[]
  readonly socket: object
  readonly complete: boolean
  /** Hears `data`, `end`, `error` and `close`, and only once the handler reads the body. */
  on(event: string, listener: (...args: never[]) => void): unknown
  /** Called when 64 KiB wait for a handler that reads too slowly. */
  pause(): unknown
  /** Called when the handler reads on, and to let a body run out that nobody wants. */
  resume(): unknown
}

/** What `toNode` needs of `node:http`'s response. */
export interface NodeResponseLike {
  statusCode: number
  statusMessage: string
  readonly headersSent: boolean
  readonly writableFinished: boolean
  readonly destroyed: boolean
  /** Called once for each header name; `set-cookie` is given as an array of all cookies. */
  setHeader(name: string, value: string | readonly string[]): unknown
  /** `false` makes `toNode` wait for `drain` or `close` before the next chunk. */
  write(chunk: Uint8Array): boolean
  /** Ends the response; a body of a single chunk, or the text of an error, comes with it. */
  end(chunk?: Uint8Array | string): unknown
  /** Breaks the connection when the handler fails after the head was sent. */
  destroy(error?: Error): unknown
  /** Hears `close`, and `drain` while a chunk waits. */
  on(event: string, listener: () => void): unknown
  /** Takes back a listener, so that a connection that stays open gathers none. */
  off(event: string, listener: () => void): unknown
}
