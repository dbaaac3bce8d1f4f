import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'

export interface HeldBytes {
  /** Bytes for each id while all of them are remembered. */
  readonly held: number
  /** And after two windows in which nothing came. */
  readonly idle: number
}

export interface HeldIds {
  readonly count: number
  /** @defaultValue `parsed` */
  readonly from?: 'parsed' | 'cut out of bodies'
}

/** Measures in a process that holds nothing else: `lru-cache`, or a dedup with these options. */
export async function heldBytes(of: 'lru-cache' | object, { count, from = 'parsed' }: HeldIds): Promise<HeldBytes> {
  const entry = fileURLToPath(new URL('./id-heap.ts', import.meta.url))
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
  })
  const args = JSON.stringify([typeof of === 'string' ? of : JSON.stringify(of), count, from])
  const program = `process.argv[2] = ${JSON.stringify(args)}\n${outputFiles[0]?.text ?? ''}`
  const running = promisify(execFile)(process.execPath, ['--expose-gc', '--input-type=module', '-'])
  running.child.stdin?.end(program)
  return JSON.parse((await running).stdout) as HeldBytes
}
