import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'

/** What becomes of the bytes on their way. Nothing, when all is left out. */
export interface Weather {
  /** Each piece is held up for so long at most, by chance. */
  readonly latencyMs?: number
  /** Each piece is cut into slices of so many bytes, every one sent by itself. */
  readonly sliceBytes?: number
}

/** A fixed address for a server that comes back on another port, and a network that can be made bad. */
export interface TcpProxy {
  readonly port: number
  /** Where new connections go. */
  to(port: number): void
  /** From now on, also on connections that are open. */
  weather(weather: Weather): void
  /** Resets one of the open connections, if there is one. */
  reset(random?: () => number): void
  /** Resets all of the open connections. */
  resetAll(): void
  /**
   * Goes silent on the connections that are open now: nothing comes through any more, not even their end. New ones work.
   */
  swallow(): void
  close(): Promise<void>
}

export async function tcpProxy(target: number): Promise<TcpProxy> {
  let port = target
  let weather: Weather = {}
  const clients = new Set<Socket>()
  const silent = new Set<Socket>()
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port, host: '127.0.0.1', noDelay: true })
    clients.add(client)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    }
    client.on('close', () => clients.delete(client))
    const isSilent = (): boolean => silent.has(client)
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      const end = (): void => void (isSilent() || other.destroy())
      one.on('error', end)
      one.on('close', end)
      void pumped(one, other, () => (isSilent() ? 'silence' : weather))
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    to: (next) => void (port = next),
    weather: (next) => void (weather = next),
    reset: (random = Math.random) => [...clients][Math.floor(random() * clients.size)]?.resetAndDestroy(),
    resetAll: () => clients.forEach((client) => client.resetAndDestroy()),
    swallow() {
      for (const client of clients) silent.add(client)
    },
    async close() {
      server.close()
      silent.clear()
      sockets.forEach((socket) => socket.destroy())
      await once(server, 'close')
    },
  }
}

async function pumped(from: Socket, to: Socket, weather: () => Weather | 'silence'): Promise<void> {
  try {
    for await (const piece of from as AsyncIterable<Buffer>) {
      const now = weather()
      if (now !== 'silence') await passOn(piece, to, now)
    }
    if (weather() !== 'silence') to.end()
  } catch {
    // One of the two ends has gone.
    if (weather() !== 'silence') to.destroy()
  }
}

async function passOn(piece: Buffer, to: Socket, { latencyMs = 0, sliceBytes = piece.length }: Weather): Promise<void> {
  if (latencyMs > 0) await sleep(Math.random() * latencyMs)
  for (let at = 0; at < piece.length; at += sliceBytes) {
    if (at > 0) await turn()
    if (!to.write(piece.subarray(at, at + sliceBytes))) await once(to, 'drain')
  }
}
