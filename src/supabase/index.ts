export { supabaseDatabase, type SupabaseLike } from './database.ts'
