import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Handler } from '../../src/core/handler.ts'
import { toNode } from '../../src/http/index.ts'

/** A `node:http` server that can go away while its clients look. */
export interface StoppableServer {
  readonly url: string
  readonly port: number
  /** Breaks all connections and frees the port. Stopping twice is fine. */
  stop(): Promise<void>
}

/** Serves a handler on a free port of 127.0.0.1, or on the port of one that was stopped. */
export async function serve(handler: Handler, port = 0): Promise<StoppableServer> {
  const server = createServer(toNode(handler))
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const address = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    async stop() {
      if (!server.listening) return
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
