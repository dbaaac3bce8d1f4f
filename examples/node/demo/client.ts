import { signedRequest } from '@easymo/perf/testing'

/** How one delivery was answered. */
export interface Answer {
  readonly status: number
  readonly duplicate: boolean
  readonly ms: number
}

/** Sends deliveries as the provider does: signed, over HTTP. */
export function createClient(url: string, secret: string) {
  const answers: Answer[] = []
  async function send(body: string, signedWith = secret): Promise<Answer> {
    const request = await signedRequest(url, body, signedWith)
    const startedAt = performance.now()
    const response = await fetch(request)
    const text = await response.text()
    const answer = {
      status: response.status,
      duplicate: text.includes('"duplicate":true'),
      ms: performance.now() - startedAt,
    }
    answers.push(answer)
    return answer
  }
  return {
    answers,
    send,
    /** Sends all of them, eight at a time. */
    async sendAll(bodies: readonly string[]): Promise<Answer[]> {
      const results: Answer[] = []
      const left = bodies.entries()
      const worker = async (): Promise<void> => {
        for (const [at, body] of left) results[at] = await send(body)
      }
      await Promise.all(Array.from({ length: 8 }, worker))
      return results
    },
  }
}

export type Client = ReturnType<typeof createClient>
