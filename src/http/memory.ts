/** In bytes. */
export interface MemoryUse {
  readonly heapUsed: number
  readonly heapTotal: number
  readonly external: number
}

interface Platform {
  readonly process?: { readonly memoryUsage?: () => MemoryUse }
  readonly Deno?: { readonly memoryUsage?: () => MemoryUse }
}

/** What the process holds, by Node's or Deno's own word; zeros on platforms that do not say. */
export function memoryUse(): MemoryUse {
  const { process, Deno } = globalThis as Platform
  try {
    const { heapUsed, heapTotal, external } = Deno?.memoryUsage?.() ?? process?.memoryUsage?.() ?? NOTHING
    return { heapUsed, heapTotal, external }
  } catch {
    // Some runtimes have the function and refuse to run it.
    return NOTHING
  }
}

const NOTHING: MemoryUse = { heapUsed: 0, heapTotal: 0, external: 0 }
