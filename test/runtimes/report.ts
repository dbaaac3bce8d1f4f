export interface CaseResult {
  readonly name: string
  readonly error?: string
}

/** One named piece of work whose failure is a line in the report and not the end of it. */
export async function tryCase(name: string, run: () => unknown): Promise<CaseResult> {
  try {
    await run()
    return { name }
  } catch (error) {
    return { name, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

/** Throws `message` unless `condition` holds. */
export function must(condition: boolean, message: string): void {
  if (!condition) throw new Error(message)
}

let failures = 0

/** Runs the cases of one runtime and prints its line, and below it what failed. */
export async function section(title: string, cases: () => Promise<readonly CaseResult[]>): Promise<void> {
  const startedAt = performance.now()
  const results = await cases().catch((error: unknown) =>
    tryCase('starts', () => Promise.reject(error as Error)).then((one) => [one]),
  )
  const failed = results.filter((result) => result.error !== undefined)
  failures += failed.length
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
  const counts = `${String(results.length - failed.length).padStart(4)} passed ${String(failed.length).padStart(3)} failed`
  console.log(`${failed.length === 0 ? 'ok  ' : 'FAIL'} ${title.padEnd(44)} ${counts} ${seconds.padStart(7)} s`)
  for (const { name, error = '' } of failed) console.log(`     - ${name}\n${error.replace(/^/gm, '         ')}`)
}

export const failureCount = (): number => failures
