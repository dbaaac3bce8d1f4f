// A pool of mode `request`, made at module scope, whose clients are TCP sockets to a real Postgres; and one of mode
// `exclusive`, which lends a socket of one request to the next, as it must not be used here.
import { createPool } from '@easymo/perf/pool'

let port = 0

/** As much of a Postgres client as it takes to ask one thing at a time. */
async function connect() {
  // Not by its name: the bundler would look for it.
  const name = 'cloudflare:sockets'
  const sockets = await import(name)
  const socket = sockets.connect({ hostname: '127.0.0.1', port })
  const [writer, reader] = [socket.writable.getWriter(), socket.readable.getReader()]
  let text = ''
  /** What the server says until it is ready for the next query. */
  const answer = async () => {
    text = ''
    while (!/Z\0\0\0\x05I$/.test(text)) {
      const { value, done } = await reader.read()
      if (done) throw new Error(`the server hung up: ${text}`)
      text += String.fromCharCode(...value)
    }
    return text
  }
  const send = (type, body) => {
    const length = body.length + 4
    const bytes = [...type, String.fromCharCode(0, 0, length >> 8, length & 255), ...body].join('')
    return writer.write(Uint8Array.from(bytes, (char) => char.charCodeAt(0)))
  }
  await send('', '\0\x03\0\0user\0postgres\0database\0postgres\0\0')
  await answer()
  return {
    /** The only value of the only row: a `D` with its length, one column, and the value's length. */
    async ask(sql) {
      await send('Q', `${sql}\0`)
      return /D[^]{4}\0\x01[^]{4}(\d+)/.exec(await answer())?.[1]
    },
    async close() {
      await send('X', '')
      await socket.close()
    },
  }
}

const hooks = { create: connect, destroy: (client) => client.close(), maxClients: 3, acquireTimeoutMs: 2_000 }
const requests = createPool({ ...hooks, mode: 'request', name: 'requests' })
const exclusive = createPool({ ...hooks, name: 'exclusive' })

const pid = (client) => client.ask('select pg_backend_pid()')

export const poolSteps = {
  '/pool/at': ({ key }) => void (port = Number(key)),
  '/pool/scope': async ({ ctx }) => {
    const scope = requests.scope({ waitUntil: (promise) => ctx.waitUntil(promise) })
    try {
      return { pids: await Promise.all(Array.from({ length: 12 }, () => scope.use(pid))) }
    } finally {
      void scope.drain()
    }
  },
  '/pool/outside': () => requests.use(pid),
  '/pool/exclusive': async () => ({ pid: await exclusive.use(pid) }),
  '/pool/stats': () => requests.stats(),
}
