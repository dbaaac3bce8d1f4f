import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'

/** What becomes of the bytes on their way. Nothing, when all is left out. */
export interface Weather {
  /** Each piece is held up for so long at most, by chance. */
  readonly latencyMs?: number
  /** What the server answers is held back for so long. */
  readonly answersAfterMs?: number
  /** Each piece is cut into slices of so many bytes, every one sent by itself. */
  readonly sliceBytes?: number
  /** Nothing arrives, in either direction, before the weather changes; then all of it does. */
  readonly held?: boolean
  /** What the server says is lost; connections that have lost something are reset when the weather changes. */
  readonly deaf?: boolean
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
  const sky = new Sky()
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
    }
    const pump = (from: Socket, to: Socket, pass: (piece: Buffer) => Promise<void>): void =>
      void pumped([from, to], isSilent, pass)
    pump(client, upstream, (piece) => sky.pass(piece, upstream))
    pump(upstream, client, (piece) => sky.answer(piece, client))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    to: (next) => void (port = next),
    weather: (next) => sky.change(next),
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

/** The weather of one proxy, and the pieces that go through it. */
class Sky {
  #weather: Weather = {}
  readonly #waiting: (() => void)[] = []
  readonly #mutilated = new Set<Socket>()

  change(next: Weather): void {
    this.#weather = next
    for (const client of this.#mutilated) client.resetAndDestroy()
    this.#mutilated.clear()
    for (const go of this.#waiting.splice(0)) go()
  }

  async answer(piece: Buffer, client: Socket): Promise<void> {
    const { deaf, answersAfterMs = 0 } = this.#weather
    if (deaf === true) return void this.#mutilated.add(client)
    if (answersAfterMs > 0) await sleep(answersAfterMs)
    await this.pass(piece, client)
  }

  async pass(piece: Buffer, to: Socket): Promise<void> {
    while (this.#weather.held === true) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    const { latencyMs = 0, sliceBytes = piece.length } = this.#weather
    if (latencyMs > 0) await sleep(Math.random() * latencyMs)
    for (let at = 0; at < piece.length; at += sliceBytes) {
      if (at > 0) await turn()
      if (!to.write(piece.subarray(at, at + sliceBytes))) await once(to, 'drain')
    }
  }
}

async function pumped(
  [from, to]: readonly [Socket, Socket],
  isSilent: () => boolean,
  pass: (piece: Buffer) => Promise<void>,
): Promise<void> {
  try {
    for await (const piece of from as AsyncIterable<Buffer>) if (!isSilent()) await pass(piece)
    if (!isSilent()) to.end()
  } catch {
    // One of the two ends has gone.
    if (!isSilent()) to.destroy()
  }
}
