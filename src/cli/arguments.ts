import { parseArgs, type ParseArgsConfig } from 'node:util'
import { UsageError } from './command.ts'

type Options = NonNullable<ParseArgsConfig['options']>

/**
 * Reads a command's options with `node:util`.
 *
 * @throws UsageError for an option of an unknown name, without its value, or an argument that belongs to none
 */
export function optionsOf<const Known extends Options>(
  args: readonly string[],
  options: Known,
): ReturnType<typeof parseArgs<{ args: string[]; options: Known }>>['values'] {
  try {
    return parseArgs<{ args: string[]; options: Known }>({ args: [...args], options }).values
  } catch (error) {
    throw new UsageError(reasonOf(error))
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message: string }
  // Node's own words repeat the argument, which may be a secret whose option was mistyped.
  if (code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL') return 'there is an argument that belongs to no option'
  // The rest names the option only; further lines are advice about values that begin with a dash.
  const [first = message] = message.split(/\.?\n/, 1)
  return first
}
