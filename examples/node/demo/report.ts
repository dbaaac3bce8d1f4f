import type { Client } from './client.ts'
import type { Sent } from './traffic.ts'
import type { createService } from '../service.ts'

export interface Verdict {
  readonly lines: readonly string[]
  readonly right: boolean
}

/** Compares what was sent with what the database says was handled. */
export function report(
  client: Client,
  sent: Sent,
  of: { service: ReturnType<typeof createService>; handled: ReadonlyMap<string, number> },
): Verdict {
  const { service, handled } = of
  const lost = [...sent.keys].filter((key) => !handled.has(key)).length
  const twice = [...handled.values()].filter((times) => times > 1).length
  const stray = [...handled.keys()].filter((key) => !sent.keys.has(key)).length
  const parked = service.parked.filter((key) => sent.poison.has(key)).length
  const { hits, misses, hitRate } = service.profiles.stats()
  const dedup = service.dedup.stats()
  const rows: [string, string | number][] = [
    ['deliveries sent', client.answers.length],
    ['updates in them', service.webhook.stats().updates],
    ['handled once', [...handled.values()].filter((times) => times === 1).length],
    ['duplicates stopped', dedup.duplicates],
    ['poison parked', `${parked} of ${sent.poison.size}`],
    ['forged delivery answered', sent.forgedStatus],
    ['lost', lost],
    ['twice', twice],
    ['cache hit rate', `${(hitRate * 100).toFixed(1)} %`],
    ['database queries saved', `${hits} of ${hits + misses}`],
    ['cold p50 / p99', times(sent.cold)],
    ['warm p50 / p99', times(sent.warm)],
  ]
  const right = lost === 0 && twice === 0 && stray === 0 && parked === sent.poison.size && sent.forgedStatus === 401
  return { lines: rows.map(([name, value]) => `  ${name.padEnd(26)} ${value}`), right }
}

function times(answers: readonly { readonly ms: number }[]): string {
  const sorted = answers.map(({ ms }) => ms).sort((a, b) => a - b)
  const at = (share: number): string =>
    `${(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1)} ms`
  return `${at(0.5)} / ${at(0.99)}`
}
