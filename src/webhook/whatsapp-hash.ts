/** What a key is made of when an update does not name itself. */
export interface Hashable {
  readonly text: string
  /** What stands beside it and is a part of it; long, and the same for many. */
  readonly beside?: string | undefined
  /** Within this, equal texts are several updates, and are counted; elsewhere they are one. */
  readonly counted: object | undefined
}

/** SHA-256 of a text in UTF-8, as 64 hexadecimal digits. */
type Hash = (text: string) => string | Promise<string>

/** The part of `node:crypto` that is used, written here so that nothing of Node is imported. */
interface NodeCrypto {
  createHash(algorithm: 'sha256'): { update(text: string): { digest(as: 'hex'): string } }
}

/** The keys of all, in their order: 64 hexadecimal digits each, and which of several equal ones it is. */
export async function hashAll(all: readonly Hashable[], hash: Hash = nodeHash() ?? subtleHash): Promise<string[]> {
  const besides = new Map<string, string | Promise<string>>()
  const hashes = await Promise.all(
    all.map(async ({ text, beside }) => {
      if (beside === undefined) return hash(text)
      const known = besides.get(beside) ?? hash(beside)
      besides.set(beside, known)
      return hash(`${await known}${text}`)
    }),
  )
  return countedOf(all, hashes)
}

function countedOf(all: readonly Hashable[], hashes: readonly string[]): string[] {
  const seen = new Map<object, Map<string, number>>()
  return all.map(({ counted }, at) => {
    const hash = hashes[at] ?? ''
    if (counted === undefined) return hash
    const counts = seen.get(counted) ?? new Map<string, number>()
    seen.set(counted, counts)
    const count = (counts.get(hash) ?? 0) + 1
    counts.set(hash, count)
    return count === 1 ? hash : `${hash}:${count}`
  })
}

/** Node's own is synchronous, and several times as fast for texts as short as these. */
export function nodeHash(): Hash | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }
  const node = process?.getBuiltinModule?.('node:crypto') as NodeCrypto | undefined
  return node === undefined ? undefined : (text) => node.createHash('sha256').update(text).digest('hex')
}

export async function subtleHash(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
