/** Sends one command to a real Redis. */
export type SendCommand = (...command: string[]) => Promise<unknown>

export interface UpstashLikeOptions {
  /** As `enableAutoPipelining`, which is on by default there: errors come with words before the server's. */
  readonly autoPipelining?: boolean
}

/** A client of the shape of `@upstash/redis`, which answers as that one does: what looks like JSON is parsed. */
export interface UpstashClient {
  evalsha(sha: string, keys: string[], args: string[]): Promise<unknown>
  eval(text: string, keys: string[], args: string[]): Promise<unknown>
}

export function upstashLike(send: SendCommand, { autoPipelining = true }: UpstashLikeOptions = {}): UpstashClient {
  const run = async (command: string, body: string, [keys, args]: [string[], string[]]): Promise<unknown> => {
    const words = [command, body, String(keys.length), ...keys, ...args]
    try {
      return parseResponse(await send(...words))
    } catch (error) {
      const said = (error as Error).message
      throw new Error(autoPipelining ? `Command failed: ${said}` : `${said}, command was: ${JSON.stringify(words)}`)
    }
  }
  return {
    evalsha: (sha, keys, args) => run('evalsha', sha, [keys, args]),
    eval: (text, keys, args) => run('eval', text, [keys, args]),
  }
}

function parseResponse(result: unknown): unknown {
  if (Array.isArray(result)) return result.map(parseResponse)
  try {
    const parsed = JSON.parse(result as string) as unknown
    return typeof parsed === 'number' && String(parsed) !== result ? result : parsed
  } catch {
    return result
  }
}
