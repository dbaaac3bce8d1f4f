/** What is measured in a process that holds nothing else: memory, pauses. */
import { execFileSync } from 'node:child_process'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/**
 * Calls a function of a benchmark in a process of its own, and gives what it resolves to.
 *
 * @param bundle - the benchmark's `import.meta.url`: its bundle must export the function
 */
export function inOwnProcess<T>(bundle: string, call: string, ...args: readonly unknown[]): T {
  const program = `
    const bench = await import(${JSON.stringify(bundle)})
    console.log(JSON.stringify(await bench[${JSON.stringify(call)}](...${JSON.stringify(args)})))`
  const nodeArgs = ['--expose-gc', '--input-type=module', '-e', program]
  const cwd = fileURLToPath(new URL('.', bundle))
  return JSON.parse(execFileSync(process.execPath, nodeArgs, { cwd, encoding: 'utf8' })) as T
}

/** What typed arrays hold lies outside the heap, and is let go of only after a collection. */
export async function bytesInUse(): Promise<number> {
  for (let i = 0; i < 4; i += 1) {
    globalThis.gc?.()
    await setImmediate()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
