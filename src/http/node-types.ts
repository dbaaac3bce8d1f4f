/** What `toNode` needs of `node:http`'s request; written here so that nothing of Node is imported. */
export interface NodeRequestLike {
  readonly method?: string | undefined
  readonly url?: string | undefined
  /** Names and values in turns, as they came. */
  readonly rawHeaders: readonly string[]
  readonly socket: object
  readonly complete: boolean
  on(event: string, listener: (...args: never[]) => void): unknown
  pause(): unknown
  resume(): unknown
}

/** What `toNode` needs of `node:http`'s response. */
export interface NodeResponseLike {
  statusCode: number
  statusMessage: string
  readonly headersSent: boolean
  readonly writableFinished: boolean
  readonly destroyed: boolean
  setHeader(name: string, value: string | readonly string[]): unknown
  write(chunk: Uint8Array): boolean
  end(chunk?: Uint8Array | string): unknown
  destroy(error?: Error): unknown
  on(event: string, listener: () => void): unknown
  off(event: string, listener: () => void): unknown
}
