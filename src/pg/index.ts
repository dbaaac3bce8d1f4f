export { pgClients, type PgClients, type PgClientsOptions, type PgConnection } from './clients.ts'
export { pgDatabase } from './database.ts'
export type { PerfPoolLike, PgClientLike, PgDriver, PgliteLike, PgPoolLike, PgRow, PostgresJsLike } from './drivers.ts'
