import { createRequire } from 'node:module'
import { UsageError, type Command, type CommandContext, type ExitCode } from './command.ts'
import { codemod } from './codemod/index.ts'
import { doctor } from './doctor/index.ts'
import { migrate } from './migrate/index.ts'
import { send } from './send.ts'

const commands: ReadonlyMap<string, Command> = new Map([
  ['migrate', migrate],
  ['doctor', doctor],
  ['send', send],
  ['codemod', codemod],
])

/**
 * Runs the command that the first argument names. Never throws.
 *
 * @returns the exit code: 0 all went well, 1 the work failed, 2 the command line was wrong
 */
export async function main(context: CommandContext): Promise<ExitCode> {
  const { args, out } = context
  const [name, ...rest] = args
  if (name === '--help' || name === '-h' || name === 'help') return show(context, usage())
  if (name === '--version' || name === '-v') return show(context, version())
  const command = commands.get(name ?? '')
  if (command === undefined) {
    // Not repeated when it is no word: it may be a secret that slipped to the front.
    out.error(name === undefined ? 'there is no command' : 'there is no such command or option')
    out.error(usage())
    return 2
  }
  if (asksForHelp(rest)) return show(context, command.usage)
  return runCommand(command, { ...context, args: rest })
}

async function runCommand(command: Command, context: CommandContext): Promise<ExitCode> {
  try {
    return await command.run(context)
  } catch (error) {
    context.out.error(error instanceof Error ? error.message : 'the command failed')
    if (!(error instanceof UsageError)) return 1
    context.out.error('')
    context.out.error(command.usage)
    return 2
  }
}

function show({ out }: CommandContext, text: string): ExitCode {
  out.line(text)
  return 0
}

/** Help is given whatever else stands there, up to `--`. */
function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--')
  return args.some((arg, index) => (arg === '--help' || arg === '-h') && (end === -1 || index < end))
}

function usage(): string {
  const list = [...commands].map(([name, { summary }]) => `  ${name.padEnd(10)}${summary}`)
  return `Usage: easymo-perf COMMAND [options]

${list.join('\n')}

  --help      prints this; after a command, its options
  --version   prints the version`
}

/** By the package's own name, so that it is found from the source and from the built file alike. */
function version(): string {
  const own = createRequire(import.meta.url)('@easymo/perf/package.json') as { version: string }
  return own.version
}
