import { createPool, type Pool, type RequestPool, type SharedPool } from './index.ts'

const hooks = { create: async () => ({ id: 1 }), destroy: () => undefined }

export const exclusive: Pool<{ id: number }> = createPool(hooks)
export const id: Promise<number> = exclusive.use((client) => client.id)

const requests: RequestPool<{ id: number }> = createPool({ ...hooks, mode: 'request' })
export const scoped: Promise<number> = requests.scope({ waitUntil: () => undefined }).use((client) => client.id)
// @ts-expect-error - a client belongs to a request: there is no `use` outside of a scope
requests.use(() => 1)
// @ts-expect-error - nor an `acquire`
requests.acquire()

export const one: SharedPool<{ id: number }> = createPool({ ...hooks, mode: 'shared' })
export const shared: Promise<number> = one.use((client) => client.id)
// @ts-expect-error - what many use at once cannot be cleaned for the next
createPool({ ...hooks, mode: 'shared', reset: () => true })

const tenants = createPool({ mode: 'shared', create: (_, tenant: string) => ({ tenant }), destroy: () => undefined })
export const tenant: Promise<string> = tenants.use((client) => client.tenant, { target: 'a' })
// @ts-expect-error - which client is meant must be said where `create` asks for it
tenants.use((client) => client.tenant)
// @ts-expect-error - a target of another type
tenants.use((client) => client.tenant, { target: 1 })
