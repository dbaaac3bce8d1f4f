/** A response of `node:http`, so far as it is watched. */
export interface WatchedResponse {
  /** Sends the head of the answer. */
  writeHead(status: number, ...rest: never[]): unknown
  /** Listens for the end of the answer, or of the connection. */
  once(event: 'close', listener: () => void): unknown
}

/**
 * Says how a request ended, once: by the status of its answer when the head of that is sent, as a stream may go on for
 * hours, or `gone` when the caller has left before.
 */
export function whenAnswered(response: WatchedResponse, ended: (status: number | 'gone') => void): void {
  let over = false
  const end = (status: number | 'gone'): void => {
    if (!over) ended(status)
    over = true
  }
  const writeHead = response.writeHead.bind(response)
  // Node calls it, too, where a handler does not. There is no event of it.
  response.writeHead = (status, ...rest) => {
    end(status)
    return writeHead(status, ...rest)
  }
  response.once('close', () => end('gone'))
}
