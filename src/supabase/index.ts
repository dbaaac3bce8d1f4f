export { supabaseCacheStore } from './cache-store.ts'
export {
  supabaseClients,
  type SupabaseAuthLike,
  type SupabaseClientLike,
  type SupabaseClients,
  type SupabaseClientSettings,
  type SupabaseClientsOptions,
  type SupabaseTarget,
} from './clients.ts'
export { supabaseDatabase } from './database.ts'
export { supabaseDedupStore } from './dedup-store.ts'
export { supabaseMetricsStore } from './metrics-store.ts'
export type { SupabaseLike } from './request.ts'
