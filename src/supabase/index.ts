export { supabaseCacheStore } from './cache-store.ts'
export { supabaseDatabase } from './database.ts'
export { supabaseDedupStore } from './dedup-store.ts'
export type { SupabaseLike } from './request.ts'
