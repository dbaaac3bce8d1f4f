import { createServer, type Server } from 'node:http'
import { consoleObserver, createHost, type Host } from '@easymo/perf'
import { toNode } from '@easymo/perf/http'
import type { Handler } from '@easymo/perf/webhook'
import { pathToFileURL } from 'node:url'
import { openDatabase, type OpenDatabase } from './database.ts'
import { createService } from './service.ts'

/** Listens on 127.0.0.1; port 0 takes a free one. */
export async function listen(handler: Handler, port: number): Promise<{ server: Server; url: string }> {
  const server = createServer(toNode(handler))
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  const address = server.address()
  return { server, url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : port}` }
}

const SHUT_DOWN_MS = 10_000

/** Stops accepting, finishes what runs, at most for ten seconds, and closes the database. */
export async function shutDown(server: Server, host: Host, database: OpenDatabase): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  // Clients keep a connection open after their answer; one that has become idle is not worth waiting for.
  const sweep = setInterval(() => server.closeIdleConnections(), 50)
  const bounded = new Promise<void>((resolve) => setTimeout(resolve, SHUT_DOWN_MS).unref())
  await Promise.race([closed, bounded])
  clearInterval(sweep)
  await host.drain({ timeoutMs: SHUT_DOWN_MS })
  await database.close()
}

async function main(): Promise<void> {
  const { WHATSAPP_APP_SECRET, WA_VERIFY_TOKEN, METRICS_TOKEN, DATABASE_URL, PORT } = process.env
  if (WHATSAPP_APP_SECRET === undefined || WA_VERIFY_TOKEN === undefined)
    throw new Error('set WHATSAPP_APP_SECRET and WA_VERIFY_TOKEN')
  const host = createHost({ observe: consoleObserver() })
  const database = await openDatabase(DATABASE_URL)
  const service = createService({
    database,
    appSecret: WHATSAPP_APP_SECRET,
    verifyToken: WA_VERIFY_TOKEN,
    metricsToken: METRICS_TOKEN,
    host,
  })
  service.warmup.background()
  const { server, url } = await listen(service.handler, Number(PORT ?? 8080))
  console.log(`listening at ${url}/webhook (${database.name})`)
  let ending: Promise<void> | undefined
  // Not `once`: who runs it by npm, or presses Ctrl-C, sends the signal twice, and the second one would kill it at work.
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => void (ending ??= shutDown(server, host, database).then(() => process.exit(0))))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main()
