import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { debianProgram } from '../servers/debian-program.ts'

const run = promisify(execFile)

/** What promtool said, and whether it was content. */
export interface Verdict {
  readonly passed: boolean
  readonly said: string
}

/** Runs promtool; where it is missing it is installed, if it can be. */
export async function promtool(...args: readonly string[]): Promise<Verdict> {
  const program = await debianProgram({ program: 'promtool', packages: ['prometheus'] })
  try {
    const { stdout, stderr } = await run(program, args)
    return { passed: true, said: stdout + stderr }
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string }
    if (stdout === undefined || stderr === undefined) throw error
    return { passed: false, said: stdout + stderr }
  }
}

/** Calls `work` with a folder that holds these files (texts, or copies of files that exist), and removes it again. */
export async function withFiles<T>(
  files: Readonly<Record<string, string | URL>>,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'monitoring-'))
  try {
    for (const [name, content] of Object.entries(files))
      await (content instanceof URL ? copyFile(content, join(folder, name)) : writeFile(join(folder, name), content))
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
