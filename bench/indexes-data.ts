/** The EasyMO tables, filled: a million trips, and the rest in proportion. Names, skew and dates are made up. */

export const TABLES = `
create table profiles (user_id uuid primary key, wa_id text, phone_number text, whatsapp_e164 text, full_name text, language text);
create table user_state (user_id uuid, key text, data jsonb, expires_at timestamptz);
create table trips (id uuid primary key default gen_random_uuid(), user_id uuid, role text, status text, vehicle_type text,
  pickup_lat float8, pickup_lng float8, dropoff_lat float8, dropoff_lng float8, matched_driver_id uuid, created_at timestamptz);
create table insurance_leads (id uuid primary key default gen_random_uuid(), whatsapp text, status text, created_at timestamptz);
create table insurance_claims (id uuid primary key default gen_random_uuid(), whatsapp text, claim_type text, status text,
  submitted_at timestamptz, reviewed_at timestamptz, reviewer_comment text);
create table wallet_transactions (id uuid primary key default gen_random_uuid(), user_id uuid, type text, amount numeric,
  status text, created_at timestamptz, metadata jsonb);
create table audit_logs ("timestamp" timestamptz, user_id uuid, action text);
`

/** A number of a user as a uuid, so that tables agree on who is who. */
const user = (number: string): string => `lpad(to_hex((${number})::int), 32, '0')::uuid`
const USERS = 200_000
const someUser = user(`random() * ${USERS - 1}`)
const phone = (number: string): string => `'+2507' || lpad((${number})::int::text, 8, '0')`
const oneOf = (...words: readonly string[]): string =>
  `(array[${words.map((word) => `'${word}'`).join(', ')}])[1 + floor(random() * ${words.length})::int]`

/** Of a year, the newest last. What is open, new or submitted is young: the old ones are over. */
export const ROWS = [
  'select setseed(0.5)',
  `insert into profiles select ${user('n')}, '2507' || lpad(n::text, 8, '0'), ${phone('n')}, ${phone('n')}, 'Person ' || n,
     case when random() < 0.7 then 'rw' else ${oneOf('en', 'fr', 'sw')} end from generate_series(0, ${USERS - 1}) n`,
  `insert into user_state select ${user('n')}, 'flow', '{"step": 1}', now() + (random() * 20 - 2) * interval '1 hour'
     from generate_series(0, ${USERS - 1}) n`,
  `insert into trips (user_id, role, status, vehicle_type, pickup_lat, pickup_lng, created_at)
     select ${someUser}, ${oneOf('driver', 'passenger')}, ${oneOf('completed', 'completed', 'completed', 'cancelled', 'matched')},
       ${oneOf('moto', 'cab', 'lifan', 'truck')}, -2.8 + random() * 1.7, 28.9 + random() * 1.9,
       now() - (1000000 - n) * interval '31 seconds' from generate_series(1, 1000000) n`,
  `update trips set status = 'open' where created_at > now() - interval '7 days' and random() < 0.9`,
  `insert into insurance_leads (whatsapp, status, created_at)
     select ${phone(`random() * ${USERS - 1}`)}, case when n < 95000 then 'closed' else ${oneOf('closed', 'new', 'contacted')} end,
       now() - (100000 - n) * interval '5 minutes' from generate_series(1, 100000) n`,
  `insert into insurance_claims (whatsapp, claim_type, status, submitted_at)
     select ${phone(`random() * ${USERS - 1}`)}, 'motor', case when n < 45000 then 'paid' else ${oneOf('paid', 'submitted')} end,
       now() - (50000 - n) * interval '10 minutes' from generate_series(1, 50000) n`,
  `insert into wallet_transactions (user_id, type, amount, status, created_at)
     select ${someUser}, ${oneOf('credit', 'debit')}, (random() * 10000)::int,
       case when random() < 0.005 then 'pending' else 'done' end,
       now() - (500000 - n) * interval '1 minute' from generate_series(1, 500000) n`,
  `insert into audit_logs select now() - (1000000 - n) * interval '30 seconds', ${someUser},
     ${oneOf('message.in', 'message.in', 'message.in', 'message.out', 'message.out', 'login', 'trip.create', 'wallet.debit')}
     from generate_series(1, 1000000) n`,
  'vacuum analyze',
]

/** What stands in the queries for a value of the column. */
export const VALUES: Readonly<Record<string, string>> = {
  whatsapp_e164: "'+250700012345'",
  whatsapp: "'+250700012345'",
  language: "'sw'",
  user_id: `'${'3039'.padStart(32, '0')}'::uuid`,
  role: "'driver'",
  vehicle_type: "'moto'",
  action: "'wallet.debit'",
}
