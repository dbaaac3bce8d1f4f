/** Where a command writes; lines come without their line break. */
export interface Output {
  /** What was asked for, on standard output. */
  line(text: string): void
  /** What went wrong, on standard error. */
  error(text: string): void
}

/** Everything a command gets from outside, so that a test can bring its own. */
export interface CommandContext {
  /** The arguments after the command's name. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly out: Output
  readonly fetch: typeof fetch
}

/** How the process ends: 0 all went well, 1 the work failed, 2 it was called wrongly. */
export type ExitCode = 0 | 1 | 2

export interface Command {
  /** One line for the list of commands. */
  readonly summary: string
  /** What `--help` prints. */
  readonly usage: string
  /** @throws UsageError when it was called wrongly */
  run(context: CommandContext): Promise<ExitCode>
}

/** The command line cannot be understood; the message says what of it, and never repeats a value. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError'
}
