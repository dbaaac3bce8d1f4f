-- The EasyMO tables, as far as the example and the performance indexes know them.
create table if not exists profiles (
  user_id uuid primary key, wa_id text unique, phone_number text, whatsapp_e164 text, full_name text, language text);
create table if not exists user_state (
  user_id uuid not null, key text not null, data jsonb, expires_at timestamptz, primary key (user_id, key));
create table if not exists app_config (key text primary key, value jsonb, active boolean not null default true);
create table if not exists trips (
  id bigint generated always as identity primary key, user_id uuid not null, role text not null, status text not null,
  vehicle_type text, pickup_lat double precision, pickup_lng double precision, dropoff_lat double precision,
  dropoff_lng double precision, matched_driver_id uuid, created_at timestamptz not null default now());
create table if not exists insurance_leads (
  id bigint generated always as identity primary key, whatsapp text not null, status text not null,
  created_at timestamptz not null default now());
create table if not exists insurance_claims (
  id bigint generated always as identity primary key, whatsapp text not null, claim_type text, status text not null,
  submitted_at timestamptz not null default now(), reviewed_at timestamptz, reviewer_comment text);
create table if not exists wallets (user_id uuid primary key, balance numeric not null default 0);
create table if not exists wallet_transactions (
  id bigint generated always as identity primary key, user_id uuid not null, type text not null, amount numeric not null,
  status text not null, created_at timestamptz not null default now(), metadata jsonb);
create table if not exists audit_logs (
  id bigint generated always as identity primary key, "timestamp" timestamptz not null default now(), user_id uuid,
  action text not null);

-- What the example writes for every update it handled: the truth that the demo compares with what it sent.
create table if not exists handled_updates (
  key text primary key, kind text not null, user_id uuid, times int not null default 1);
