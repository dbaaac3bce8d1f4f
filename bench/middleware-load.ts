/** Requests over real connections, from a process of their own: a server must not share its thread with its callers. */
import { spawn, type ChildProcess } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'

/** So many connections, each of which has one request under way at any time. */
const CONNECTIONS = 32

const REQUEST = [
  'POST /webhook HTTP/1.1',
  'Host: localhost',
  'Content-Type: application/json',
  'Content-Length: 2',
  '',
  '{}',
].join('\r\n')

interface Order {
  readonly port: number
  readonly ms: number
}

/** Asks a server for a while. */
export interface Load {
  /** Answers a second. */
  run(order: Order): Promise<number>
  stop(): void
}

/** @param bundle - the benchmark's `import.meta.url`: its bundle must export `answerOrders` */
export function startLoad(bundle: string): Load {
  const program = `(await import(${JSON.stringify(bundle)})).answerOrders()`
  const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', program], {
    cwd: fileURLToPath(new URL('.', bundle)),
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const ended = new Promise<never>((_, reject) => child.once('exit', () => reject(new Error('the load ended early'))))
  // Stopped at last, it ends too.
  ended.catch(() => undefined)
  const answered = (): Promise<number> =>
    new Promise((resolve, reject) => {
      child.once('message', (rate) => (typeof rate === 'number' ? resolve(rate) : reject(new Error('the load failed'))))
    })
  const run = (order: Order): Promise<number> => {
    child.send(order)
    return Promise.race([answered(), ended])
  }
  return { run, stop: () => void child.kill() }
}

/** What the child does: one order after the other. */
export function answerOrders(): void {
  process.on('message', (order: Order) => {
    measure(order).then(
      (rate) => process.send?.(rate),
      (error: unknown) => {
        console.error(error)
        process.send?.('failed')
      },
    )
  })
}

async function measure({ port, ms }: Order): Promise<number> {
  const callers = await Promise.all(Array.from({ length: CONNECTIONS }, () => caller(port)))
  // Connections, and what the server does at its first requests, are not measured.
  await pause(ms / 5)
  const count = (): number => callers.reduce((sum, { answers }) => sum + answers(), 0)
  const [before, began] = [count(), performance.now()]
  await pause(ms)
  const rate = ((count() - before) * 1_000) / (performance.now() - began)
  for (const { socket } of callers) socket.destroy()
  return rate
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

interface Caller {
  readonly socket: Socket
  readonly answers: () => number
}

/** Sends the next request when the answer to the last one is there in full. All answers are as long as the first. */
function caller(port: number): Promise<Caller> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => socket.write(REQUEST))
    let length = 0
    let bytes = 0
    let answers = 0
    socket.on('error', reject)
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (length === 0) {
        length = lengthOf(chunk)
        resolve({ socket, answers: () => answers })
      }
      if (bytes % length !== 0) return
      answers += 1
      socket.write(REQUEST)
    })
  })
}

function lengthOf(answer: Buffer): number {
  const text = answer.toString('latin1')
  if (!text.startsWith('HTTP/1.1 200') || !text.endsWith('{"success":true}')) throw new Error(`not answered: ${text}`)
  return answer.length
}
