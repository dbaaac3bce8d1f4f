import { readFile } from 'node:fs/promises'
import pg from 'pg'
import { startPostgres } from '../servers/index.ts'

/** As a Supabase project has them: by default everybody may do everything in the schema `public`. */
const LIKE_SUPABASE = `
  create role anon login; create role authenticated login; create role service_role login bypassrls; create role app login;
  alter default privileges in schema public grant all on tables to anon, authenticated, service_role, app;
  alter default privileges in schema public grant all on functions to anon, authenticated, service_role;`

/** A server of one's own, because roles belong to a whole server. */
export interface RoleServer {
  readonly owner: pg.Client
  connect(role: string): Promise<pg.Client>
  stop(): Promise<void>
}

/** With the roles of Supabase, and `app`, which has rights by default on tables only. */
export async function roleServer(migration: string): Promise<RoleServer> {
  const server = await startPostgres({ private: true })
  const clients: pg.Client[] = []
  const connect = async (role: string): Promise<pg.Client> => {
    const url = new URL(server.url)
    url.username = role
    const client = new pg.Client({ connectionString: url.href })
    clients.push(client)
    await client.connect()
    return client
  }
  const owner = await connect('postgres')
  await owner.query(LIKE_SUPABASE)
  // Twice, because who runs it again must not open what was shut.
  for (let run = 0; run < 2; run += 1) await owner.query(migration)
  const stop = async (): Promise<void> => {
    for (const client of clients) await client.end()
    await server.stop()
  }
  return { owner, connect, stop }
}

/** What the reference tells those to do whose service is not the owner of the tables. */
export async function grantsForApp(part: 'cache' | 'dedup'): Promise<string> {
  const reference = await readFile(new URL('../../docs/reference.md', import.meta.url), 'utf8')
  const found = new RegExp(`\`\`\`sql\\n(grant execute on function easymo_${part}_[^\`]+)\`\`\``).exec(reference)?.[1]
  if (found === undefined) throw new Error('the reference does not say what a role needs')
  return found
}
