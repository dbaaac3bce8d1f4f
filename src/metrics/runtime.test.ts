import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { valueOf } from '../../test/support/prometheus-text.ts'
import { OptionError } from '../core/errors.ts'
import { createHost } from '../core/host.ts'
import { prometheusText } from '../core/metrics-text.ts'
import { manualClock } from '../testing/clock.ts'
import { collect } from './collect.ts'
import { createMetrics } from './metrics.ts'
import { collectRuntime } from './runtime.ts'

const MEMORY = [
  'process_resident_memory_bytes',
  'process_heap_used_bytes',
  'process_heap_size_bytes',
  'process_external_memory_bytes',
]

afterEach(() => void vi.unstubAllGlobals())

function collected(options = {}) {
  const clock = manualClock()
  const metrics = createMetrics({ host: createHost({ clock }) })
  const end = collectRuntime(metrics, options)
  const shown = (): Record<string, number> => {
    const lines = prometheusText(metrics).matchAll(/^(process_\w+) (\S+)$/gm)
    return Object.fromEntries([...lines].map(([, name = '', value]) => [name, Number(value)]))
  }
  return { clock, metrics, end, shown }
}

describe('collectRuntime', () => {
  it('shows memory and uptime as the process says', () => {
    const { end, shown } = collected()
    const values = shown()
    const { rss } = process.memoryUsage()
    for (const name of MEMORY) expect(values[name], name).toBeGreaterThan(1_000)
    expect(values['process_resident_memory_bytes']).toBeGreaterThan(rss / 4)
    expect(values['process_resident_memory_bytes']).toBeLessThan(rss * 4)
    expect(Math.abs((values['process_uptime_seconds'] ?? 0) - process.uptime())).toBeLessThan(60)
    end()
  })

  it('reads nothing before the metrics are shown', () => {
    const memoryUsage = vi.fn(process.memoryUsage)
    const getBuiltinModule = vi.fn(process.getBuiltinModule)
    vi.stubGlobal('process', { memoryUsage, getBuiltinModule, versions: {} })
    const { end, shown } = collected()
    expect([memoryUsage.mock.calls.length, getBuiltinModule.mock.calls.length]).toEqual([0, 0])
    shown()
    expect([memoryUsage.mock.calls.length, getBuiltinModule.mock.calls.length]).toEqual([1, 1])
    end()
  })

  const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
  const block = (ms: number): void => {
    const until = performance.now() + ms
    while (performance.now() < until);
  }

  it('shows the delays of the event loop as a histogram that only grows, whoever looks and however often', async () => {
    const { clock, metrics, end } = collected({ resolutionMs: 1 })
    const read = (what: string): number =>
      valueOf(prometheusText(metrics), `process_event_loop_delay_seconds${what}`) ?? NaN
    const above = (): number => read('_count') - (valueOf(prometheusText(metrics), 'process_event_loop_delay_seconds_bucket', { le: '0.25' }) ?? NaN) // prettier-ignore
    expect([read('_count'), read('_sum')]).toEqual([0, 0])
    await sleep(20)
    block(500)
    await sleep(20)
    // Two readers, further apart than any interval of scrapes: both see the block.
    expect(above()).toBeGreaterThanOrEqual(1)
    const first = [read('_count'), read('_sum'), above()] as const
    await clock.tick(60_000)
    await sleep(20)
    expect(above()).toBeGreaterThanOrEqual(first[2])
    expect(read('_count')).toBeGreaterThan(first[0])
    expect(read('_sum')).toBeGreaterThanOrEqual(first[1])
    expect(first[1]).toBeGreaterThan(0.4)
    end()
  })

  it('puts each delay into its bucket, without the period of the watch', () => {
    const late = [0, 0, 1, 4, 30, 30, 600, 20_000]
    const nanos = late.map((ms) => (ms + 20) * 1e6)
    const resets: number[] = []
    const watch = {
      count: nanos.length,
      mean: nanos.reduce((sum, value) => sum + value, 0) / nanos.length,
      min: nanos[0],
      max: nanos.at(-1),
      percentile: (percent: number) => nanos[Math.max(0, Math.ceil((percent / 100) * nanos.length - 1e-9) - 1)],
      enable: () => true,
      disable: () => true,
      reset: () => {
        resets.push(watch.count)
        watch.count = 0
      },
    }
    vi.stubGlobal('process', { versions: {}, getBuiltinModule: () => ({ monitorEventLoopDelay: () => watch }) })
    const { metrics, end } = collected()
    const text = prometheusText(metrics)
    const bucket = (le: string): number | undefined => valueOf(text, 'process_event_loop_delay_seconds_bucket', { le })
    expect(['0.001', '0.005', '0.025', '0.05', '0.5', '1.0', '10.0', '+Inf'].map(bucket)).toEqual([3, 4, 4, 6, 6, 7, 7, 8]) // prettier-ignore
    expect(valueOf(text, 'process_event_loop_delay_seconds_sum')).toBeCloseTo(20.665, 6)
    expect(prometheusText(metrics)).toBe(text)
    expect(resets).toEqual([8])
    end()
  })

  it('gives way to a metric of the same name', () => {
    const { metrics, end } = collected()
    metrics.gauge('process_event_loop_delay_seconds', { help: 'Mine' }).set(7)
    const text = prometheusText(metrics)
    expect(text.match(/process_event_loop_delay_seconds 7/g)).toHaveLength(1)
    expect(text).not.toContain('process_event_loop_delay_seconds_bucket')
    expect(valueOf(text, 'easymo_metrics_misuse_total', { metric: 'custom' })).toBeGreaterThan(0)
    end()
  })

  it('shows nothing more when it has ended', () => {
    const { end, shown } = collected()
    shown()
    end()
    expect(shown()).toEqual({})
    end()
  })

  it('goes on beside whatever else is collected, under any name', () => {
    const { metrics, end, shown } = collected()
    collect(metrics, 'custom', 'runtime', () => ({ workers: 2 }))
    expect(shown()).toHaveProperty('process_heap_used_bytes')
    expect(prometheusText(metrics)).toContain('runtime_workers 2')
    end()
  })

  it('leaves out what the platform does not say', async () => {
    vi.stubGlobal('process', undefined)
    const { clock, shown } = collected()
    expect(shown()).toEqual({ process_uptime_seconds: 0 })
    await clock.tick(1_500)
    expect(shown()).toEqual({ process_uptime_seconds: 1.5 })
  })

  it('leaves out what a platform says only for the sake of having the function', () => {
    const refuse = (): never => {
      throw new Error('not implemented')
    }
    vi.stubGlobal('process', { memoryUsage: () => ({ rss: 0, heapUsed: 0 }), uptime: refuse, getBuiltinModule: refuse })
    expect(collected().shown()).toEqual({ process_uptime_seconds: 0 })
  })

  it('asks Deno where there is one', () => {
    vi.stubGlobal('Deno', { memoryUsage: () => ({ rss: 4, heapUsed: 2, heapTotal: 3, external: 1 }) })
    const values = collected().shown()
    expect(MEMORY.map((name) => values[name])).toEqual([4, 2, 3, 1])
    expect(values).not.toHaveProperty('process_event_loop_delay_seconds_count')
  })

  it('keeps no process alive while it watches', async () => {
    const script = `
      const { createMetrics } = await import('./src/metrics/metrics.ts')
      const { collectRuntime } = await import('./src/metrics/runtime.ts')
      const { prometheusText } = await import('./src/core/metrics-text.ts')
      const metrics = createMetrics()
      collectRuntime(metrics)
      prometheusText(metrics)
      console.log('shown')`
    const args = ['--import', 'tsx', '--input-type=module', '-e', script]
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 15_000 })
    expect(stdout.trim()).toBe('shown')
  })

  it('refuses a wrong option', () => {
    const metrics = createMetrics()
    expect(() => collectRuntime(metrics, { resolutionMs: 0 })).toThrow(OptionError)
    expect(() => collectRuntime(metrics, { everyMs: 1 } as object)).toThrow(OptionError)
    expect(() => collectRuntime({} as typeof metrics)).toThrow(OptionError)
  })
})
