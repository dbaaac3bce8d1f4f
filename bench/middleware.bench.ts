/** What `performanceMiddleware` costs a service: requests a second over real HTTP, and one request by itself. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { performanceMiddleware, toNode, type Handler } from '@easymo/perf/http'
import { createMetrics } from '@easymo/perf/metrics'
import { compare, judge, type Comparison } from './harness.ts'
import { startLoad, type Load } from './middleware-load.ts'

export { answerOrders } from './middleware-load.ts'

const ROUNDS = 31
const ROUND_MS = 300

/** The least that a service can do: whatever more it did would hide what is measured. */
const bare: Handler = async () => new Response('{"success":true}', { headers: { 'content-type': 'application/json' } })

function measured(next: Handler): Handler {
  const metrics = createMetrics({ defaultLabels: { service: 'bench' } })
  return performanceMiddleware({ service: 'bench', metrics, log: () => undefined, route: () => '/webhook' })(next)
}

interface Listening {
  readonly server: Server
  readonly port: number
  readonly rates: number[]
  /** Microseconds of this process for each answer. */
  readonly costs: number[]
}

async function listening(handler: Handler): Promise<Listening> {
  const server = createServer(toNode(handler))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, port: (server.address() as AddressInfo).port, rates: [], costs: [] }
}

async function round(load: Load, { port, rates, costs }: Listening): Promise<void> {
  const before = process.cpuUsage()
  const rate = await load.run({ port, ms: ROUND_MS })
  const { user, system } = process.cpuUsage(before)
  rates.push(rate)
  // The load runs for a fifth longer than it measures.
  costs.push((user + system) / ((rate * ROUND_MS * 1.2) / 1_000))
}

async function overHttp(): Promise<Comparison> {
  const [without, within] = [await listening(bare), await listening(measured(bare))]
  const load = startLoad(import.meta.url)
  for (let turn = -1; turn < ROUNDS; turn += 1) {
    // Whoever comes first has no advantage of it.
    for (const one of turn % 2 === 0 ? [without, within] : [within, without]) {
      await round(load, one)
      // The first round warms up.
      if (turn < 0) one.rates.length = one.costs.length = 0
    }
  }
  load.stop()
  for (const { server } of [without, within]) server.close()
  const ratio = (of: readonly number[], to: readonly number[]): number =>
    median(of.map((value, i) => value / (to[i] ?? NaN)))
  return judge('performanceMiddleware over HTTP, 32 connections', [
    { of: 'requests/s with it / without it', value: ratio(within.rates, without.rates), unit: '', atLeast: 0.95 },
    { of: 'cpu time with it / without it', value: ratio(within.costs, without.costs), unit: '' },
    { of: 'requests/s without it', value: median(without.rates), unit: '' },
    { of: 'requests/s with it', value: median(within.rates), unit: '' },
  ])
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN
}

/** The handlers answer with what is there already, so that only the calls are measured. */
function byItself(): Promise<Comparison> {
  const response = new Response('{"success":true}')
  const request = new Request('http://localhost/webhook', { method: 'POST' })
  const later: Handler = async () => response
  const atOnce: Handler = () => response
  const [measuredLater, measuredAtOnce] = [measured(later), measured(atOnce)]
  return compare(
    'one request by itself',
    [
      { name: 'async handler', run: () => later(request) },
      { name: 'async handler, measured', run: () => measuredLater(request) },
      { name: 'handler', run: () => atOnce(request) },
      { name: 'handler, measured', run: () => measuredAtOnce(request) },
    ],
    [],
  )
}

export async function run(): Promise<Comparison[]> {
  return [await overHttp(), await byItself()]
}
