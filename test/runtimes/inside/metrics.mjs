// Metrics on any runtime: defined at module scope, recorded, shown in every format, pushed as OTLP.
import { createHost } from '@easymo/perf'
import { trackers } from '@easymo/perf/http'
import {
  aggregate,
  collectRuntime,
  createMetrics,
  flush,
  memoryMetricsStore,
  metricsJson,
  openMetricsText,
  otlp,
  prometheusText,
} from '@easymo/perf/metrics'
import { manualClock } from '@easymo/perf/testing'

// All of it at module scope, where Workers forbid timers, random values, clocks and I/O.
const metrics = createMetrics({ defaultLabels: { service: 'runtimes' } })
const calls = metrics.counter('calls_total', { help: 'Calls', labels: ['kind', 'status'] })
const bound = calls.with('bound', 'ok')
const depth = metrics.gauge('queue_depth', { help: 'Updates that wait' })
const took = metrics.histogram('took_seconds', { help: 'Time taken', labels: ['route'], quantiles: true })
const store = memoryMetricsStore()
const { trackColdStart, trackHandler } = trackers(metrics)
const greet = trackHandler('greet', async (name) => `muraho ${name}`)

const watched = createMetrics()
const endWatch = collectRuntime(watched)

const isWorker = globalThis.navigator?.userAgent === 'Cloudflare-Workers'
const isNode = !isWorker && globalThis.Deno === undefined && globalThis.process?.versions?.bun === undefined
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

function must(condition, message) {
  if (!condition) throw new Error(message)
}

const valuesOf = (text) =>
  Object.fromEntries([...text.matchAll(/^(process_\w+) (\S+)$/gm)].map(([, name, value]) => [name, Number(value)]))

const cases = {
  'a registry records, and shows what it recorded in every format': () => {
    calls.inc('positional', 'ok')
    calls.add(2, { kind: 'object', status: 'ok' })
    bound.inc()
    depth.set(-3)
    for (let ms = 1; ms <= 1_000; ms += 1) took.observe(ms / 1_000, '/webhook')
    const text = prometheusText(metrics)
    for (const line of [
      'calls_total{service="runtimes",kind="positional",status="ok"} 1',
      'calls_total{service="runtimes",kind="object",status="ok"} 2',
      'calls_total{service="runtimes",kind="bound",status="ok"} 1',
      'queue_depth{service="runtimes"} -3',
      'took_seconds_count{service="runtimes",route="/webhook"} 1000',
    ])
      must(text.includes(`${line}\n`), `${line} is missing in:\n${text}`)
    const open = openMetricsText(metrics)
    must(open.endsWith('# EOF\n') && open.includes('# TYPE calls counter\n'), open)
    const { counters, histograms } = metricsJson(metrics)
    must(counters['calls_total{kind="object",status="ok"}'] === 2, JSON.stringify(counters))
    must(histograms['took_ms{route="/webhook"}'].count === 1_000, JSON.stringify(histograms))
  },

  'a sketch answers within 1.1 % of the truth': () => {
    for (const [q, truth] of [
      [0.5, 0.5],
      [0.9, 0.9],
      [0.99, 0.99],
    ]) {
      const answer = took.quantile(q, '/webhook')
      must(Math.abs(answer - truth) / truth <= 0.012, `${q}: ${answer} and not ${truth}`)
    }
  },

  'the runtime says what it knows of the process': async () => {
    const first = valuesOf(prometheusText(watched))
    await wait(60)
    const values = valuesOf(prometheusText(watched))
    const names = Object.keys(values)
    must('process_uptime_seconds' in first && values['process_uptime_seconds'] >= 0, names.join())
    const memory = names.filter((name) => name.endsWith('_bytes'))
    must(isWorker || memory.includes('process_resident_memory_bytes'), names.join())
    must(
      memory.every((name) => values[name] > 0),
      JSON.stringify(values),
    )
    must(names.some((name) => name.startsWith('process_event_loop_delay_')) === isNode, names.join())
    endWatch()
    must(Object.keys(valuesOf(prometheusText(watched))).length === 0, 'it goes on after its end')
  },

  'flushes of two isolates are summed': async () => {
    const other = createMetrics({ defaultLabels: { service: 'runtimes' } })
    const counts = ['kind', 'status']
    other.counter('calls_total', { help: 'Calls', labels: counts }).add(5, 'bound', 'ok')
    await Promise.all([flush(metrics, store), flush(other, store)])
    await flush(other, store)
    const text = prometheusText(await aggregate(store))
    must(/^calls_total\{(?=[^}]*kind="bound")[^}]*\} 6$/m.test(text), text)
  },

  'a push of OTLP is packed, and says who and how much': async () => {
    const pushed = []
    const fetch = async (url, { headers, body }) => {
      const unpacked = new Response(new Blob([body]).stream().pipeThrough(new DecompressionStream('gzip')))
      pushed.push({ url, encoding: headers.get('content-encoding'), document: await unpacked.json() })
      return Response.json({})
    }
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318', OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' }
    await otlp(metrics, { env, fetch })
    const [{ url, encoding, document }] = pushed
    must(url === 'http://localhost:4318/v1/metrics' && encoding === 'gzip', JSON.stringify([url, encoding]))
    const [{ resource, scopeMetrics }] = document.resourceMetrics
    must(
      JSON.stringify(resource).includes('"service.name","value":{"stringValue":"runtimes"'),
      JSON.stringify(resource),
    )
    const sum = scopeMetrics[0].metrics.find(({ name }) => name === 'calls_total').sum
    must(sum.isMonotonic && sum.dataPoints.length === 3, JSON.stringify(sum))
    const sketch = scopeMetrics[0].metrics.find(({ name }) => name === 'took_seconds').exponentialHistogram
    must(sketch.dataPoints[0].count === '1000', JSON.stringify(sketch))
  },

  'the environment is asked for what no option says, and its refusal is survived': async () => {
    const error = await otlp(metrics).catch((thrown) => thrown)
    must(error?.code === 'ERR_PERF_OPTION' && error.message.includes('OTEL_EXPORTER_OTLP_ENDPOINT'), String(error))
  },

  'a push ends at its deadline': async () => {
    const clock = manualClock(1_700_000_000_000)
    const own = createMetrics({ host: createHost({ clock }) })
    own.counter('calls_total', { help: 'Calls' }).inc()
    const fetch = () => new Promise(() => {})
    const push = otlp(own, { endpoint: 'http://localhost', env: {}, fetch, timeoutMs: 50 }).catch((thrown) => thrown)
    await wait(0)
    await clock.tick(50)
    must((await push)?.code === 'ERR_PERF_TIMEOUT', String(await push))
  },

  'trackers count a cold start once, and what they wrap': async () => {
    must(trackColdStart('runtimes') && !trackColdStart('runtimes'), 'not exactly one cold start')
    must((await greet('Aline')) === 'muraho Aline', 'the handler was not passed through')
    const { counters } = metricsJson(metrics)
    must(counters['handler_calls_total{handler="greet",outcome="ok"}'] === 1, JSON.stringify(counters))
  },
}

/** In their order: later ones look at what earlier ones recorded. */
export async function runMetrics() {
  const results = []
  for (const [name, run] of Object.entries(cases))
    try {
      await run()
      results.push({ name })
    } catch (error) {
      results.push({ name, error: String(error?.stack ?? error) })
    }
  return results
}

/** Pushes to a real server, from within a request of a Worker. */
export const metricsSteps = {
  '/metrics/push': async ({ url, ms, waitUntil }) => {
    const options = { endpoint: url, env: {}, instance: 'i1', headers: { authorization: 'Bearer t' }, waitUntil }
    const push = otlp(metrics, { ...options, ...(ms > 0 ? { timeoutMs: ms } : {}) })
    // Kept alive by `waitUntil`, and nobody listens to it.
    if (waitUntil !== undefined) return {}
    const outcome = await push.then(
      () => 'taken',
      ({ code, status, retryable }) => ({ code, status, retryable }),
    )
    return { outcome }
  },
}
