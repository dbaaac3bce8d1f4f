/** A store behind HTTP, for caches in a Worker: slow, refusing or frozen when a case wants it so. */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CacheStore } from '../../src/core/cache-store.ts'
import { memoryCacheStore } from '../../src/cache/memory-store.ts'

export interface RemoteStore {
  readonly url: string
  /** How it answers from now on: after so many milliseconds (`Infinity` for never), or with 503. */
  answers(how: { readonly afterMs?: number; readonly refuses?: boolean }): void
  stop(): Promise<void>
}

/** Serves a store in the memory of this process: `POST /readMany` with the arguments as JSON. */
export async function startRemoteStore(): Promise<RemoteStore> {
  const store = memoryCacheStore()
  let afterMs = 0
  let refuses = false
  const server = createServer((request, response) => {
    const refused = refuses
    if (afterMs === Infinity) return
    sleep(afterMs)
      .then(() => (refused ? undefined : answered(store, request)))
      .then((answer) => response.writeHead(refused ? 503 : 200).end(JSON.stringify(answer ?? null)))
      .catch((error: unknown) => response.writeHead(500).end(String(error)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answers(how) {
      ;({ afterMs = 0, refuses = false } = how)
    },
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function answered(store: CacheStore, request: IncomingMessage): Promise<unknown> {
  const method = (request.url ?? '').slice(1) as keyof CacheStore
  const call = store[method] as (...args: unknown[]) => Promise<unknown>
  return call(...(JSON.parse(await text(request)) as unknown[]))
}
