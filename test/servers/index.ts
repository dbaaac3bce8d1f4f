export { ownName, ownSchema, type OwnSchema } from './own.ts'
export { startPostgres } from './postgres.ts'
export { startRedis } from './redis.ts'
export type { PrivateServer, StartOptions, TestServer } from './server.ts'
