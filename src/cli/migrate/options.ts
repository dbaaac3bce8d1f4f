import { optionsOf } from '../arguments.ts'
import { UsageError } from '../command.ts'
import { components, componentSummaries, type Component } from './components.ts'

/** What the command line of `migrate` asks for. */
export interface MigrateOptions {
  readonly action:
    | { readonly kind: 'print' }
    | { readonly kind: 'write'; readonly folder: string }
    | { readonly kind: 'apply' | 'verify' | 'rollback'; readonly url: string }
  readonly only: readonly Component[]
  readonly concurrent: boolean
  readonly explain: boolean
  readonly lockTimeoutMs: number
}

/** @throws UsageError */
export function migrateOptions(args: readonly string[]): MigrateOptions {
  const values = optionsOf(args, {
    print: { type: 'boolean', default: false },
    write: { type: 'string' },
    apply: { type: 'string' },
    verify: { type: 'string' },
    rollback: { type: 'string' },
    only: { type: 'string' },
    concurrent: { type: 'boolean', default: false },
    explain: { type: 'boolean', default: false },
    'lock-timeout': { type: 'string' },
  })
  const { print, write, apply, verify, rollback, concurrent, explain } = values
  const asked = [
    ...(print ? [{ kind: 'print' } as const] : []),
    ...(write === undefined ? [] : [{ kind: 'write', folder: write } as const]),
    ...(apply === undefined ? [] : [{ kind: 'apply', url: apply } as const]),
    ...(verify === undefined ? [] : [{ kind: 'verify', url: verify } as const]),
    ...(rollback === undefined ? [] : [{ kind: 'rollback', url: rollback } as const]),
  ]
  const [action, another] = asked
  if (action === undefined || another !== undefined)
    throw new UsageError('give one of --print, --write, --apply, --verify and --rollback, such as --apply env')
  const given = { concurrent, explain, lockTimeout: values['lock-timeout'] }
  const lockTimeoutMs = msOf(given.lockTimeout ?? '5')
  checkBelonging(action.kind, given)
  return { action, only: componentsOf(values.only), concurrent, explain, lockTimeoutMs }
}

interface Given extends Pick<MigrateOptions, 'concurrent' | 'explain'> {
  readonly lockTimeout: string | undefined
}

/** An option that does nothing there would be taken for one that does. */
function checkBelonging(kind: MigrateOptions['action']['kind'], { concurrent, explain, lockTimeout }: Given): void {
  if (explain && kind !== 'verify') throw new UsageError('--explain belongs to --verify')
  if (concurrent && (kind === 'verify' || kind === 'rollback'))
    throw new UsageError('--concurrent belongs to --print, --write and --apply')
  if (lockTimeout !== undefined && !(concurrent && kind === 'apply'))
    throw new UsageError('--lock-timeout belongs to --apply --concurrent')
}

/** None by default: what is meant for one service has no place in the database of another. */
function componentsOf(text: string | undefined): Component[] {
  if (text === undefined)
    throw new UsageError(
      `nothing was done: name the parts that are meant, such as --only dedup,metrics\n${partsList()}`,
    )
  const named = text.split(',').map((name) => name.trim())
  const known = components.filter((component) => named.includes(component))
  if (known.length !== new Set(named).size) throw new UsageError(`--only takes of ${components.join(', ')}`)
  return known
}

function partsList(): string {
  return components.map((component) => `  ${component.padEnd(10)}${componentSummaries[component]}`).join('\n')
}

/** Seconds, as text; 0 would be to wait for ever. */
function msOf(text: string): number {
  const ms = /^\d{1,5}(\.\d+)?$/.test(text) ? Math.round(Number(text) * 1_000) : 0
  if (ms === 0) throw new UsageError('--lock-timeout must be a number of seconds')
  return ms
}
