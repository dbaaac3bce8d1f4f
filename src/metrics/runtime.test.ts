import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
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

  it('shows by how much the event loop was late since the last scrape, and not how often it is looked at', async () => {
    const { clock, end, shown } = collected({ resolutionMs: 1 })
    const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
    const block = (ms: number): void => {
      const until = performance.now() + ms
      while (performance.now() < until);
    }
    expect(shown()).not.toHaveProperty('process_event_loop_delay_max_seconds')
    await sleep(20)
    block(200)
    await sleep(20)
    const late = shown()
    expect(late['process_event_loop_delay_max_seconds']).toBeGreaterThan(0.15)
    expect(late['process_event_loop_delay_mean_seconds']).toBeLessThan(
      late['process_event_loop_delay_max_seconds'] ?? 0,
    )
    expect(late).toHaveProperty('process_event_loop_delay_p99_seconds')
    // A second reader at about the same time sees the same, later ones what came since.
    const { process_event_loop_delay_max_seconds: again } = shown()
    expect(again).toBe(late['process_event_loop_delay_max_seconds'])
    block(30)
    await sleep(20)
    await clock.tick(5_000)
    expect(shown()['process_event_loop_delay_max_seconds']).not.toBe(again)
    end()
  })

  it('does not take the period of the watch for a delay', () => {
    const idle = { count: 5, mean: 20.5e6, max: 21e6, percentile: () => 19e6, enable: () => true, disable: () => true, reset: () => undefined } // prettier-ignore
    vi.stubGlobal('process', { versions: {}, getBuiltinModule: () => ({ monitorEventLoopDelay: () => idle }) })
    const { end, shown } = collected()
    const { process_event_loop_delay_mean_seconds: mean, process_event_loop_delay_p99_seconds: p99 } = shown()
    expect([mean?.toFixed(6), p99]).toEqual(['0.000500', 0])
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
    expect(values).not.toHaveProperty('process_event_loop_delay_max_seconds')
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
