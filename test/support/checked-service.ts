import { createHost } from '../../src/core/host.ts'
import { healthEndpoint, type HealthChecks, type HealthDocument, type HealthThresholds } from '../../src/http/index.ts'
import { createMetrics } from '../../src/metrics/index.ts'
import { manualClock } from '../../src/testing/clock.ts'

export const healthRequest = (path = '/health', headers: Record<string, string> = {}): Request =>
  new Request(`http://localhost${path}`, { headers })

/** A service whose health is asked for, on a clock that is moved by hand. */
export function checkedService(checks: HealthChecks = {}, thresholds: Partial<HealthThresholds> = {}) {
  const clock = manualClock()
  const host = createHost({ clock })
  const metrics = createMetrics({ host })
  const endpoint = healthEndpoint({ service: 'core', version: '2.2.0', checks, thresholds, metrics, host })
  const ask = async (): Promise<HealthDocument & { code: number }> => {
    const answer = await endpoint(healthRequest())
    return { ...((await answer.json()) as HealthDocument), code: answer.status }
  }
  return { clock, host, metrics, endpoint, ask }
}

export const fails = (): never => {
  throw new Error('down')
}
