import type { WhatsAppTextOptions } from '../testing/index.ts'
import { optionsOf } from './arguments.ts'
import { UsageError, type CommandContext } from './command.ts'

/** More is a load test, for which there are better tools. */
const MOST_REPEATS = 1_000

/** What the command line of `send` asks for. */
export interface SendOptions {
  readonly url: URL
  readonly secret: string
  readonly message: WhatsAppTextOptions
  readonly repeat: number
  readonly json: boolean
}

/**
 * Reads the command line of `send`.
 *
 * @throws UsageError
 */
export function sendOptions({ args, env }: Pick<CommandContext, 'args' | 'env'>): SendOptions {
  const values = optionsOf(args, {
    url: { type: 'string' },
    secret: { type: 'string' },
    text: { type: 'string', default: 'Hello from easymo-perf' },
    from: { type: 'string' },
    id: { type: 'string' },
    repeat: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  })
  const { url, text, from, id, repeat, json } = values
  const secret = values.secret ?? env['WHATSAPP_APP_SECRET'] ?? ''
  if (secret === '') throw new UsageError('give the app secret by --secret or WHATSAPP_APP_SECRET')
  const message = {
    text,
    ...(from === undefined ? {} : { from: phoneOf(from) }),
    ...(id === undefined ? {} : { id: idOf(id) }),
  }
  return { url: urlOf(url), secret, message, repeat: repeatOf(repeat), json }
}

function urlOf(text: string | undefined): URL {
  if (text === undefined) throw new UsageError('--url is missing')
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new UsageError('--url must begin with http:// or https://')
  if (url.username !== '' || url.password !== '') throw new UsageError('--url must not hold a user name or a password')
  return url
}

function phoneOf(text: string): string {
  if (/^\+?\d{1,15}$/.test(text)) return text
  throw new UsageError('--from must be a phone number of 1 to 15 digits')
}

function idOf(text: string): string {
  if (text !== '') return text
  throw new UsageError('--id must not be empty')
}

function repeatOf(text: string): number {
  const repeat = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (repeat >= 1 && repeat <= MOST_REPEATS) return repeat
  throw new UsageError(`--repeat must be a whole number from 1 to ${MOST_REPEATS}`)
}
