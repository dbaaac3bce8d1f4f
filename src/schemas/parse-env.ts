import * as z from 'zod/mini'
import { variables, type EnvLookup } from '../core/env.ts'
import { OptionError } from '../core/errors.ts'

/**
 * Reads the variables that `schema` names, and checks them. An empty variable counts as one that is not set. The schema is
 * an object schema of zod or zod/mini.
 *
 * @throws OptionError `ERR_PERF_OPTION` with the names of all variables that are missing or wrong, never their values
 */
export function parseEnv<Schema extends z.core.$ZodObject>(schema: Schema, lookup: EnvLookup): z.core.output<Schema> {
  const find = variables(lookup)
  const found: Record<string, unknown> = {}
  for (const name of Object.keys(schema._zod.def.shape)) {
    const value = find(name)
    if (value !== undefined) found[name] = value
  }
  const result = z.safeParse(schema, found)
  if (result.success) return result.data
  // Only what the schema says goes into the message: an issue's own text may repeat the value.
  const complaints = result.error.issues.map((issue) => complaint(issue, found))
  throw new OptionError(`environment: ${[...new Set(complaints)].join('; ')}`)
}

function complaint(issue: z.core.$ZodIssue, found: Readonly<Record<string, unknown>>): string {
  const [name] = issue.path
  if (name === undefined) return 'the variables do not fit together'
  if (!Object.hasOwn(found, name)) return `${String(name)} is missing`
  if (issue.code === 'invalid_format') return `${String(name)} must be a ${issue.format.replaceAll('_', ' ')}`
  if (issue.code === 'invalid_value') return `${String(name)} must be one of ${issue.values.join(', ')}`
  return `${String(name)} is not valid`
}
