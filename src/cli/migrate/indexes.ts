/** An index that the EasyMO tables should have. The three forms of the migration are made of this list. */
export interface PerformanceIndex {
  readonly name: string
  readonly table: string
  /** Each with its order where that is not ascending. */
  readonly columns: readonly string[]
  /** Which rows it holds; a query finds it only when it names the same constants. */
  readonly where?: string
  /** The query it is there for; `{column}` stands for a value that the table holds. */
  readonly query: string
}

/** Statuses and actions are those of the EasyMO services. */
export const performanceIndexes: readonly PerformanceIndex[] = [
  {
    name: 'idx_profiles_whatsapp',
    table: 'profiles',
    columns: ['whatsapp_e164'],
    query: 'select user_id, full_name, language from profiles where whatsapp_e164 = {whatsapp_e164}',
  },
  {
    // The second column is the place of the next page of a broadcast.
    name: 'idx_profiles_language',
    table: 'profiles',
    columns: ['language', 'user_id'],
    query: 'select user_id from profiles where language = {language} order by user_id limit 100',
  },
  {
    name: 'idx_trips_user_status',
    table: 'trips',
    columns: ['user_id', 'status'],
    query: "select id, status, created_at from trips where user_id = {user_id} and status in ('open', 'matched')",
  },
  {
    name: 'idx_trips_role_status',
    table: 'trips',
    columns: ['role', 'status', 'created_at desc'],
    where: "status = 'open'",
    query: "select id, user_id from trips where role = {role} and status = 'open' order by created_at desc limit 20",
  },
  {
    name: 'idx_trips_vehicle_status',
    table: 'trips',
    columns: ['vehicle_type', 'status', 'created_at desc'],
    where: "status = 'open'",
    query:
      "select id, user_id from trips where vehicle_type = {vehicle_type} and status = 'open' order by created_at desc limit 20",
  },
  {
    name: 'idx_trips_created_at',
    table: 'trips',
    columns: ['created_at desc'],
    query: 'select id, status, created_at from trips order by created_at desc limit 50',
  },
  {
    // The place of the pick-up is in the index, so that only the rows inside of the box are fetched.
    name: 'idx_trips_nearby_search',
    table: 'trips',
    columns: ['role', 'status', 'vehicle_type', 'created_at', 'pickup_lat', 'pickup_lng'],
    where: "status = 'open'",
    query: `select id, pickup_lat, pickup_lng from trips
      where role = {role} and status = 'open' and vehicle_type = {vehicle_type} and created_at > now() - interval '1 day'
        and pickup_lat between -1.99 and -1.90 and pickup_lng between 30.01 and 30.10`,
  },
  {
    name: 'idx_user_state_user',
    table: 'user_state',
    columns: ['user_id'],
    query: 'select key, data from user_state where user_id = {user_id} and expires_at > now()',
  },
  {
    name: 'idx_user_state_expires',
    table: 'user_state',
    columns: ['expires_at'],
    where: 'expires_at is not null',
    query: 'select user_id, key from user_state where expires_at < now() order by expires_at limit 500',
  },
  {
    name: 'idx_insurance_leads_whatsapp',
    table: 'insurance_leads',
    columns: ['whatsapp', 'created_at desc'],
    query: 'select id, status from insurance_leads where whatsapp = {whatsapp} order by created_at desc limit 1',
  },
  {
    name: 'idx_insurance_leads_status',
    table: 'insurance_leads',
    columns: ['status', 'created_at'],
    where: "status <> 'closed'",
    query: "select id, whatsapp from insurance_leads where status = 'new' order by created_at limit 50",
  },
  {
    name: 'idx_insurance_leads_created',
    table: 'insurance_leads',
    columns: ['created_at desc'],
    query: 'select id, status, created_at from insurance_leads order by created_at desc limit 50',
  },
  {
    name: 'idx_claims_whatsapp_status',
    table: 'insurance_claims',
    columns: ['whatsapp', 'status'],
    query: "select id, claim_type from insurance_claims where whatsapp = {whatsapp} and status = 'submitted'",
  },
  {
    name: 'idx_claims_status',
    table: 'insurance_claims',
    columns: ['status', 'submitted_at'],
    where: "status <> 'paid'",
    query: "select id, whatsapp from insurance_claims where status = 'submitted' order by submitted_at limit 50",
  },
  {
    name: 'idx_claims_submitted_at',
    table: 'insurance_claims',
    columns: ['submitted_at desc'],
    query: 'select id, status, submitted_at from insurance_claims order by submitted_at desc limit 50',
  },
  {
    name: 'idx_wallet_tx_user_created',
    table: 'wallet_transactions',
    columns: ['user_id', 'created_at desc'],
    query:
      'select id, type, amount from wallet_transactions where user_id = {user_id} order by created_at desc limit 20',
  },
  {
    name: 'idx_wallet_tx_status',
    table: 'wallet_transactions',
    columns: ['status', 'created_at'],
    where: "status = 'pending'",
    query: `select id, user_id, amount from wallet_transactions
      where status = 'pending' and created_at < now() - interval '15 minutes' order by created_at limit 100`,
  },
  {
    name: 'idx_audit_logs_timestamp',
    table: 'audit_logs',
    columns: ['"timestamp" desc'],
    query: `select count(*) from audit_logs where "timestamp" > now() - interval '1 hour'`,
  },
  {
    name: 'idx_audit_logs_user',
    table: 'audit_logs',
    columns: ['user_id'],
    query: 'select "timestamp", action from audit_logs where user_id = {user_id}',
  },
  {
    name: 'idx_audit_logs_action',
    table: 'audit_logs',
    columns: ['action', '"timestamp" desc'],
    query: 'select "timestamp", user_id from audit_logs where action = {action} order by "timestamp" desc limit 50',
  },
]

/** The tables of the list, each once. */
export const indexedTables: readonly string[] = [...new Set(performanceIndexes.map(({ table }) => table))]

/** `trips (role, status) where status = 'open'`: what follows `create index NAME on`. */
export function definitionOf({ table, columns, where }: PerformanceIndex): string {
  return `${table} (${columns.join(', ')})${where === undefined ? '' : ` where ${where}`}`
}

/** The bare names of the columns, without order and quotes. */
export function columnNames({ columns }: PerformanceIndex): string[] {
  return columns.map((column) => column.replace(/ desc$/, '').replaceAll('"', ''))
}
