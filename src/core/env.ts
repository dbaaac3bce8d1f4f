/** Where variables are: a function (`(name) => Deno.env.get(name)`) or an object (`process.env`, a Worker's `env`). */
export type EnvLookup = ((name: string) => unknown) | object

interface Platform {
  readonly process?: { readonly env?: Readonly<Record<string, unknown>> }
  readonly Deno?: { readonly env?: { get(name: string): unknown } }
}

/**
 * Finds variables in `lookup`, or in the environment of the process when there is no `lookup`: on Node, Deno, Bun, and on
 * Workers that fill `process.env`. An empty variable counts as one that is not set, and so does one that may not be read.
 */
export function variables(lookup: EnvLookup = platformEnv): (name: string) => string | undefined {
  const find = typeof lookup === 'function' ? lookup : (name: string) => (lookup as Record<string, unknown>)[name]
  return (name) => {
    const value = (find as (name: string) => unknown)(name)
    return typeof value === 'string' && value !== '' ? value : undefined
  }
}

function platformEnv(name: string): unknown {
  const { process, Deno } = globalThis as Platform
  try {
    return Deno?.env === undefined ? process?.env?.[name] : Deno.env.get(name)
  } catch {
    // Deno without `--allow-env`: what may not be read is not set.
    return undefined
  }
}
