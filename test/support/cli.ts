import { main } from '../../src/cli/main.ts'

/** What a run of the command line wrote, and how it ended. */
export interface CliRun {
  readonly code: number
  readonly out: string
  readonly error: string
}

/** Runs `easymo-perf` in this process. */
export async function cli(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliRun> {
  const lines: string[] = []
  const errors: string[] = []
  const out = { line: (text: string) => void lines.push(text), error: (text: string) => void errors.push(text) }
  const code = await main({ args, env, out, fetch })
  return { code, out: lines.join('\n'), error: errors.join('\n') }
}
