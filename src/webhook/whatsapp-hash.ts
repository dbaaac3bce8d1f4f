/** What a key is made of when an update does not name itself. */
export interface Hashable {
  readonly text: string
  /** What stands beside it and is a part of it; long, and the same for many. */
  readonly beside?: string | undefined
  /** Within this, equal texts are several updates, and are counted; elsewhere they are one. */
  readonly counted: object | undefined
}

/** The keys of all, in their order: 64 hexadecimal digits each, and which of several equal ones it is. */
export async function hashAll(all: readonly Hashable[]): Promise<string[]> {
  const besides = new Map<string, Promise<string>>()
  const hashes = await Promise.all(
    all.map(async ({ text, beside }) => {
      if (beside === undefined) return sha256(text)
      const known = besides.get(beside) ?? sha256(beside)
      besides.set(beside, known)
      return sha256(`${await known}${text}`)
    }),
  )
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

async function sha256(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
