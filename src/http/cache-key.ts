/** Longer keys are hashed: they come from the client, and would be kept once for each entry. */
const LONGEST_KEY = 512

/** The default key: the address without its fragment, for which a GET and a HEAD ask alike. The query stays as it is. */
export function keyOfUrl(url: string): string {
  const fragment = url.indexOf('#')
  return `GET ${fragment === -1 ? url : url.slice(0, fragment)}`
}

/** The key of a resource; `undefined` when it cannot be had, a promise when it has to be hashed. */
export type Key = string | undefined | Promise<string | undefined>

/** The key itself, or a promise of its hash when it is long. */
export function boundedKey(key: string): Key {
  return key.length <= LONGEST_KEY ? key : hashed(key)
}

async function hashed(key: string): Promise<string | undefined> {
  try {
    return `GET sha256:${hex(await sha256(new TextEncoder().encode(key)))}`
  } catch {
    // A page that is not served over HTTPS has no `crypto.subtle`.
    return undefined
  }
}

/** @returns the 32 bytes of the digest */
export async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** A path and all below it, or an expression for the path. */
export type PathPattern = string | RegExp

export interface PathRules {
  readonly include?: readonly PathPattern[] | undefined
  readonly exclude: readonly PathPattern[]
}

/** True when the path of the address is among those included and not among those excluded. */
export function isIncluded(url: string, { include, exclude }: PathRules): boolean {
  if (include === undefined && exclude.length === 0) return true
  const path = pathOf(url)
  if (path === undefined) return false
  return (include === undefined || fits(path, include)) && !fits(path, exclude)
}

function fits(path: string, patterns: readonly PathPattern[]): boolean {
  return patterns.some((pattern) =>
    // `search` does not heed what an expression with the flag `g` remembers.
    typeof pattern === 'string' ? isBelow(path, pattern) : path.search(pattern) !== -1,
  )
}

function isBelow(path: string, top: string): boolean {
  return path.startsWith(top) && (path.length === top.length || top.endsWith('/') || path[top.length] === '/')
}

/** The path as a router may read it (`/%61dmin` is `/admin`); `undefined` when an escape in it means nothing. */
function pathOf(url: string): string | undefined {
  const start = url.indexOf('/', url.indexOf('://') + 3)
  const path = start === -1 ? '/' : (/^[^?#]*/.exec(url.slice(start))?.[0] ?? '/')
  if (!path.includes('%')) return path
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}
