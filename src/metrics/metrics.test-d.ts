import { createMetrics } from './index.ts'

const metrics = createMetrics()
const requests = metrics.counter('requests_total', { help: 'Requests', labels: ['method', 'status'] })
const starts = metrics.counter('starts_total', { help: 'Starts' })
const latency = metrics.histogram('latency_seconds', { help: 'Latency', labels: ['route'] })

requests.inc('POST', '200')
requests.inc({ method: 'POST', status: '200' })
requests.with('POST', '200').inc()
requests.add(3, 'POST', '200')
starts.inc()
latency.time(() => 1, '/webhook') satisfies number
latency.time(async () => 1, { route: '/webhook' }) satisfies Promise<number>
latency.startTimer('/webhook')() satisfies number

// Names that are known only at run time are accepted, and checked when they are recorded.
const dynamic: readonly string[] = ['a']
metrics.gauge('dynamic', { help: 'Dynamic', labels: dynamic }).set(1, 'x')
metrics.gauge('dynamic', { help: 'Dynamic', labels: dynamic }).set(1, { a: 'x' })

// @ts-expect-error - a label is missing
requests.inc('POST')
// @ts-expect-error - a label too many
requests.inc('POST', '200', 'x')
// @ts-expect-error - label values are strings
requests.inc('POST', 200)
// @ts-expect-error - a label that is not defined
requests.inc({ method: 'POST', status: '200', route: '/' })
// @ts-expect-error - a label is missing
requests.inc({ method: 'POST' })
// @ts-expect-error - there are no labels
starts.inc('x')
// @ts-expect-error - counters only grow
requests.dec('POST', '200')
