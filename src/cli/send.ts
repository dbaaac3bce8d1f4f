import { systemClock } from '../core/clock.ts'
import { withDeadline } from '../core/deadline.ts'
import { hasCode } from '../core/errors.ts'
import { sign, whatsappDelivery } from '../testing/index.ts'
import type { Command, CommandContext, ExitCode } from './command.ts'
import { sendOptions, type SendOptions } from './send-options.ts'

/** Longer than any provider waits for its answer. */
const TIMEOUT_MS = 30_000

/** As much of an answer as fits on a screen; `--json` shows all of it. */
const SHOWN_CHARACTERS = 2_000

const usage = `Usage: easymo-perf send --url URL [--secret SECRET] [options]

Sends a signed WhatsApp test delivery of one text message, and prints status, time and body of the answer.

  --url URL        where the webhook listens, e.g. http://localhost:3000/webhook
  --secret SECRET  the app secret that the webhook verifies with; better given as WHATSAPP_APP_SECRET,
                   because other users of this machine can see the arguments of a process
  --text TEXT      what the message says
  --from PHONE     who sends it, in digits with the country code
  --id WAMID       the message's id (a new one when it is left out)
  --repeat N       sends the very same delivery N times, as a provider does that got no answer: a good
                   webhook handles it once
  --json           prints one line of JSON for each answer: id, status, durationMs, body
  --help           prints this

Exit code: 0 when every answer was 2xx, 1 when one was not or none came, 2 for a wrong command line.`

/** One answer of the webhook. */
interface Answer {
  readonly status: number
  readonly durationMs: number
  readonly body: string
}

/** `easymo-perf send`: a signed test delivery to a webhook that runs. */
export const send: Command = {
  summary: 'send a signed WhatsApp test delivery to a webhook',
  usage,
  async run(context) {
    const options = sendOptions(context)
    const { body, ids } = whatsappDelivery(options.message)
    const [id = ''] = ids
    const signature = await sign(body, options.secret)
    if (!options.json) context.out.line(`POST ${shown(options.url)}  (message ${id})`)
    let exitCode: ExitCode = 0
    for (let turn = 1; turn <= options.repeat; turn += 1) {
      const answer = await post(context, { url: options.url, body, signature })
      if (answer === undefined) return 1
      if (answer.status < 200 || answer.status > 299) exitCode = 1
      context.out.line(options.json ? JSON.stringify({ id, ...answer }) : lineOf(answer, turn, options))
    }
    return exitCode
  },
}

interface Post {
  readonly url: URL
  readonly body: string
  readonly signature: string
}

/** Posts once; when no answer comes, says why and gives none. */
async function post({ fetch, out }: CommandContext, { url, body, signature }: Post): Promise<Answer | undefined> {
  const headers = { 'content-type': 'application/json', 'x-hub-signature-256': signature }
  const startedAt = systemClock.elapsed()
  try {
    return await withDeadline(
      { clock: systemClock, timeoutMs: TIMEOUT_MS, what: 'the webhook' },
      async ({ signal }) => {
        // Not followed: a provider does not either, and a POST would arrive as a GET.
        const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' })
        const text = await response.text()
        const durationMs = Math.round((systemClock.elapsed() - startedAt) * 10) / 10
        return { status: response.status, durationMs, body: text }
      },
    )
  } catch (error) {
    out.error(hasCode(error, 'ERR_PERF_TIMEOUT') ? error.message : `cannot reach ${shown(url)}: ${reasonOf(error)}`)
    return undefined
  }
}

/** Without the query, which may hold a token. */
const shown = ({ origin, pathname }: URL): string => origin + pathname

function lineOf({ status, durationMs, body }: Answer, turn: number, { repeat }: SendOptions): string {
  const text = body.length > SHOWN_CHARACTERS ? `${body.slice(0, SHOWN_CHARACTERS)}…` : body
  return `${repeat > 1 ? `${turn}/${repeat}  ` : ''}${status}  ${durationMs} ms  ${text}`
}

/** `fetch` says "fetch failed" and hides the reason in the cause. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as { cause?: { code?: unknown; message?: unknown }; message?: unknown }
  return String(cause?.code ?? cause?.message ?? message)
}
