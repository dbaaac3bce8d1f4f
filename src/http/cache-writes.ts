import { isPromiseLike } from '../core/promise.ts'
import type { Key } from './cache-key.ts'
import type { Drops } from './cache-memory.ts'
import { keyOf } from './cache-names.ts'
import type { CheckedOptions } from './cache-options.ts'
import type { CachePort } from './cache-port.ts'

/** Requests that change something: what is stored of it is dropped when they succeed (RFC 9111, section 4.4). */
export class Writes {
  readonly #options: CheckedOptions
  readonly #port: CachePort
  readonly #drops: Drops

  constructor(options: CheckedOptions, { port, drops }: { readonly port: CachePort; readonly drops: Drops }) {
    this.#options = options
    this.#port = port
    this.#drops = drops
  }

  /** Hands the request on, and answers when what it made untrue is dropped: who writes may read at once. */
  pass(request: Request, ask: (request: Request) => Response | Promise<Response>): Response | Promise<Response> {
    // Asked for first: a handler may use the request up.
    const own = keyOf(request, this.#options)
    const response = ask(request)
    const answered = (answer: Response): Response | Promise<Response> => this.#dropped(request, own, answer)
    return isPromiseLike(response) ? response.then(answered) : answered(response)
  }

  #dropped(request: Request, own: Key, response: Response): Response | Promise<Response> {
    const { status, headers } = response
    if (!(status >= 200 && status < 400)) return response
    const keys = [own, ...['location', 'content-location'].map((name) => this.#keyOfOther(request, headers.get(name)))]
    const dropping = keys.map((key) => this.#drop(key)).filter((drop) => drop !== undefined)
    return dropping.length === 0 ? response : Promise.all(dropping).then(() => response)
  }

  /** The key of an address that the answer names; of the same origin only, else one site could drop what is another's. */
  #keyOfOther(request: Request, address: string | null): Key {
    if (address === null) return undefined
    try {
      const other = new URL(address, request.url)
      if (other.origin !== new URL(request.url).origin) return undefined
      return keyOf(new Request(other, { headers: request.headers }), this.#options)
    } catch {
      // No address at all.
      return undefined
    }
  }

  #drop(key: Key): Promise<unknown> | undefined {
    if (key === undefined) return undefined
    if (typeof key !== 'string') return key.then((hashed) => this.#drop(hashed))
    this.#drops.drop(key)
    return this.#port.delete(key)
  }
}
