/** The tables of the EasyMO services, with a status that is an enum in one place and a varchar in another. */
export const EASYMO_TABLES = `
create table profiles (user_id uuid primary key default gen_random_uuid(), wa_id text, phone_number text,
  whatsapp_e164 text, full_name text, language text);
create table user_state (user_id uuid not null, key text not null, data jsonb, expires_at timestamptz);
create table app_config (key text primary key, value jsonb, active boolean not null default true);
create type trip_status as enum
  ('open', 'matched', 'started', 'arrived', 'picked_up', 'in_progress', 'completed', 'cancelled');
create table trips (id uuid primary key default gen_random_uuid(), user_id uuid, role text, status trip_status,
  vehicle_type text, pickup_lat float8, pickup_lng float8, dropoff_lat float8, dropoff_lng float8,
  matched_driver_id uuid, created_at timestamptz not null default now());
create table insurance_leads (id uuid primary key default gen_random_uuid(), whatsapp text, status varchar(20),
  created_at timestamptz not null default now());
create table insurance_claims (id uuid primary key default gen_random_uuid(), whatsapp text, claim_type text,
  status text, submitted_at timestamptz not null default now(), reviewed_at timestamptz, reviewer_comment text);
create table wallets (user_id uuid primary key, balance numeric not null);
create table wallet_transactions (id uuid primary key default gen_random_uuid(), user_id uuid, type text,
  amount numeric, status text, created_at timestamptz not null default now(), metadata jsonb);
create table audit_logs ("timestamp" timestamptz not null default now(), user_id uuid, action text);
`
