import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'
import { Conditions, identifier } from './postgrest-grammar.ts'

export interface PostgrestRead {
  /** What a client is given as the address. */
  readonly url: string
  /** Every address that was asked for. */
  readonly asked: string[]
  close(): Promise<void>
}

interface Options {
  readonly postgresUrl: string
  /** As the server's `db-max-rows`. */
  readonly maxRows?: number
}

interface Answer {
  readonly status: number
  readonly body: string
  readonly range?: string
}

/**
 * Reads of tables as PostgREST serves them, by its published grammar and with the statement that it makes, on a real
 * Postgres. Whatever it does not know is an error. It is no PostgREST: what hosted ones do is not proven by it.
 */
export async function postgrestRead({ postgresUrl, maxRows = Infinity }: Options): Promise<PostgrestRead> {
  const pool = new pg.Pool({ connectionString: postgresUrl, max: 4 })
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    void read(pool, request, maxRows).then(({ status, body, range }) => {
      const headers = { 'content-type': 'application/json', ...(range === undefined ? {} : { 'content-range': range }) }
      response.writeHead(status, headers).end(body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await pool.end()
    },
  }
}

async function read(pool: pg.Pool, { url = '', headers }: IncomingMessage, maxRows: number): Promise<Answer> {
  try {
    const { pathname, searchParams } = new URL(url, 'http://localhost')
    const table = identifier(pathname.slice(1))
    const conditions = new Conditions()
    let [columns, order, limit, offset] = ['*', '', maxRows, 0]
    for (const [name, text] of searchParams)
      if (name === 'select') columns = text.split(',').map(column).join(', ')
      else if (name === 'order') order = ` order by ${text.split(',').map(orderTerm).join(', ')}`
      else if (name === 'limit') limit = Math.min(Number(text), maxRows)
      else if (name === 'offset') offset = Number(text)
      else conditions.add(name, text)
    const { where, values } = conditions
    const slice = `${limit === Infinity ? '' : ` limit ${limit}`} offset ${offset}`
    // One statement, whose rows the server makes JSON of.
    const rows = await pool.query<{ body: string; page: string }>(
      `with pgrst_source as (select ${columns} from ${table}${where}${order}${slice})
       select count(t) as page, coalesce(json_agg(t), '[]')::text as body from (select * from pgrst_source) t`,
      values,
    )
    const { body = '[]', page = '0' } = rows.rows[0] ?? {}
    const total = String(headers['prefer']).startsWith('count=') ? await count(pool, `${table}${where}`, values) : '*'
    if (total !== '*' && offset > Number(total))
      return refusal(416, { code: 'PGRST103', details: `An offset of ${offset} was requested, but there are only ${total} rows.` }) // prettier-ignore
    const range = page === '0' ? '*' : `${offset}-${offset + Number(page) - 1}`
    return { status: 200, body, range: `${range}/${total}` }
  } catch (error) {
    const { code = '', message } = error as { code?: string; message: string }
    return refusal(code.startsWith('08') || code === '' ? 503 : 400, { code, message })
  }
}

function refusal(status: number, body: object): Answer {
  return { status, body: JSON.stringify({ message: '', details: null, hint: null, ...body }) }
}

async function count(pool: pg.Pool, from: string, values: unknown[]): Promise<string> {
  const { rows } = await pool.query<{ count: string }>(`select count(*) from ${from}`, values)
  return rows[0]?.count ?? '0'
}

/** `alias:column::cast`. */
function column(text: string): string {
  if (text === '*') return text
  const [, alias, name = '', cast] = /^(?:(\w+):)?(\w+)(?:::(\w+))?$/.exec(text) ?? []
  return `${identifier(name)}${cast === undefined ? '' : `::${cast}`} as ${identifier(alias ?? name)}`
}

function orderTerm(text: string): string {
  const [name = '', direction, nulls] = text.split('.')
  const words: Readonly<Record<string, string>> = { nullsfirst: ' nulls first', nullslast: ' nulls last' }
  return `${identifier(name)} ${direction === 'desc' ? 'desc' : 'asc'}${nulls === undefined ? '' : (words[nulls] ?? '')}`
}
