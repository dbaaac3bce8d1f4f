import { execFileSync } from 'node:child_process'

/** A program that hangs must not hang the check. */
const LONGEST_MS = 300_000

/** Runs npm in `cwd` and returns what it printed; its complaints become the message of the error. */
export function npm(args: readonly string[], cwd: string): string {
  return run('npm', args, cwd)
}

/** Runs a program to its end and returns what it printed. */
export function run(program: string, args: readonly string[], cwd: string): string {
  try {
    return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: 'pipe', timeout: LONGEST_MS, env: cleanEnv() })
  } catch (error) {
    const { code = '', stdout = '', stderr = '' } = error as { code?: string; stdout?: string; stderr?: string }
    // Without the cause and a stack, which would print all of it three times.
    throw Object.assign(new Error(`${[program, ...args].join(' ')} ${code}\n${stdout}${stderr}`), { stack: undefined })
  }
}

/**
 * What `npm run` adds for its own script would make an npm inside believe that it works on the root's package; and a
 * silent one would not say why it refuses.
 */
function cleanEnv(): NodeJS.ProcessEnv {
  const ours =
    /^npm_(package|lifecycle|command|config_local_prefix|config_ignore_scripts|config_workspace|config_loglevel)|^(NODE_OPTIONS|INIT_CWD)$/
  const kept = Object.entries(process.env).filter(([name]) => !ours.test(name))
  return { ...Object.fromEntries(kept), NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' }
}
