/** A real workerd with a Worker that is bundled from the packed package, and what must hold there. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { build } from 'esbuild'

export interface Worker {
  readonly url: string
  /** Everything it wrote to its standard error. */
  readonly log: () => string
  stop(): Promise<void>
}

export interface WorkerOptions {
  readonly program: string
  /** The project that has the package installed and `worker.mjs` in it. */
  readonly project: string
  /** Old and new dates differ in what happens to promises of ended requests. */
  readonly compatibilityDate: string
  /** Where the store is that the Worker reaches by `fetch`. */
  readonly storeUrl: string
}

/** Bundles as Cloudflare's own tool does; a `node:` import, a driver or anything else from outside stops it. */
export async function bundleWorker(project: string): Promise<void> {
  const { metafile } = await build({
    entryPoints: [join(project, 'worker.mjs')],
    outfile: join(project, 'worker.bundle.js'),
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['workerd', 'worker', 'browser'],
    target: 'es2022',
    logLevel: 'silent',
    metafile: true,
  })
  // An `import()` whose failure is caught may name what is not there: esbuild leaves it, and so it comes to the Worker.
  const outside = Object.values(metafile.outputs).flatMap(({ imports }) => imports.filter(({ external }) => external))
  if (outside.length > 0) throw new Error(`the bundle still imports ${outside.map(({ path }) => path).join(', ')}`)
}

export async function startWorker({ program, project, ...options }: WorkerOptions): Promise<Worker> {
  const folder = join(project, `workerd-${options.compatibilityDate}`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'config.capnp'), config(options))
  const child = spawn(program, ['serve', 'config.capnp', '--control-fd=3'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  })
  let log = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (log += text))
  const ended = once(child, 'exit')
  const stop = async (): Promise<void> => {
    // Not SIGTERM, at which it waits for requests that hang.
    child.kill('SIGKILL')
    await ended
  }
  try {
    const port = await Promise.race([
      portOf(child),
      ended.then(() => Promise.reject(new Error(`workerd ended while starting:\n${log}`))),
    ])
    return { url: `http://127.0.0.1:${port}`, log: () => log, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** workerd says on its control pipe which free port it took, once it listens. */
async function portOf(child: ChildProcess): Promise<number> {
  let text = ''
  for await (const chunk of child.stdio[3] as Readable) {
    text += String(chunk)
    const port = /"event":"listen".*"port":(\d+)/.exec(text)?.[1]
    if (port !== undefined) return Number(port)
  }
  throw new Error('workerd closed its control pipe without listening')
}

const config = ({
  compatibilityDate,
  storeUrl,
}: Omit<WorkerOptions, 'program' | 'project'>): string => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main), (name = "internet", network = (allow = ["local"]))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
const main :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "../worker.bundle.js")],
  compatibilityDate = "${compatibilityDate}",
  bindings = [(name = "STORE_URL", text = "${storeUrl}")]
);
`
