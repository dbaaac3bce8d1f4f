import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import pg from 'pg'

export interface RecordedCall {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface PostgrestRpc {
  /** What a client is given as the address. */
  readonly url: string
  readonly recorded: RecordedCall[]
  close(): Promise<void>
}

interface Found {
  readonly names: string[] | null
  readonly types: string[] | null
  readonly result: string
}

const FIND = `
  select proargnames as names, proargtypes::regtype[]::text[] as types, prorettype::regtype::text as result
  from pg_proc where proname = $1 and pronamespace = to_regnamespace($2)`

/** What PostgREST makes of the classes of SQLSTATE: https://docs.postgrest.org/en/v12/references/errors.html */
const STATUS: readonly (readonly [RegExp, number])[] = [
  [/^42501$/, 403],
  [/^(?:08|53)/, 503],
  [/^(?:40|57)/, 500],
]

/**
 * The calls of functions as PostgREST serves them: `POST /rest/v1/rpc/NAME` with the named arguments as one JSON object,
 * each cast by the function's own parameter, the role from the token (here it is the token), the schema from
 * `content-profile`; the result as JSON, or 204 for none.
 */
export async function postgrestRpc(postgresUrl: string, schema: string): Promise<PostgrestRpc> {
  const pool = new pg.Pool({ connectionString: postgresUrl, max: 4 })
  const recorded: RecordedCall[] = []
  const server = createServer((request, response) => {
    void (async () => {
      const { method, url, headers } = request
      const call = { method, url, headers, body: await text(request) }
      recorded.push(call)
      await serve(pool, { call, schema }, response)
    })()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/rest/v1`,
    recorded,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await pool.end()
    },
  }
}

async function serve(
  pool: pg.Pool,
  { call, schema }: { readonly call: RecordedCall; readonly schema: string },
  response: ServerResponse,
): Promise<void> {
  const json = (status: number, body: unknown): void =>
    void response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body))
  const name = /^\/rest\/v1\/rpc\/(\w+)$/.exec(call.url ?? '')?.[1]
  if (call.method !== 'POST' || name === undefined || call.headers['content-type'] !== 'application/json')
    return json(404, { code: 'PGRST125', message: 'Invalid path specified in request URL' })
  const client = await pool.connect()
  try {
    const profile = String(call.headers['content-profile'] ?? schema)
    const [found] = (await client.query<Found>(FIND, [name, profile])).rows
    const args = Object.keys(JSON.parse(call.body) as object)
    if (found === undefined || args.some((arg) => !found.names?.includes(arg)))
      return json(404, { code: 'PGRST202', message: 'Could not find the function in the schema cache' })
    await client.query('begin')
    const role = /^Bearer (\w+)$/.exec(call.headers.authorization ?? '')?.[1]
    if (role !== undefined) await client.query(`set local role ${role}`)
    const { rows } = await client.query<{ body: string | null }>(
      statement(`${profile}.${name}`, args, found),
      args.length === 0 ? [] : [call.body],
    )
    await client.query('commit')
    if (found.result === 'void') return void response.writeHead(204).end()
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(rows[0]?.body ?? 'null')
  } catch (error) {
    const { code = '', message } = error as { code?: string; message: string }
    json(STATUS.find(([pattern]) => pattern.test(code))?.[1] ?? 400, { code, message, details: null, hint: null })
  } finally {
    await client.query('rollback').catch(() => undefined)
    client.release()
  }
}

/** As PostgREST writes it, so that the arguments are read as there. */
function statement(name: string, args: readonly string[], { names, types }: Found): string {
  if (args.length === 0) return `select to_json(${name}())::text as body`
  const typed = args.map((arg) => `"${arg}" ${types?.[names?.indexOf(arg) ?? -1]}`).join(', ')
  const named = args.map((arg) => `"${arg}" := pgrst_body."${arg}"`).join(', ')
  return `select to_json(pgrst_call.pgrst_scalar)::text as body
    from (select $1::json as json_data) pgrst_payload,
    lateral (select * from json_to_record(pgrst_payload.json_data) as _(${typed}) limit 1) pgrst_body,
    lateral (select ${name}(${named}) pgrst_scalar) pgrst_call`
}
