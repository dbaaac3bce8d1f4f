-- The 20 performance indexes of the EasyMO tables, built while the tables are written to: run it with psql, outside of a
-- transaction. \gexec runs each answer of a query as a statement of its own. It can be run again.
\set ON_ERROR_STOP off
set lock_timeout = '5s';
set statement_timeout = 0;

-- What an interrupted build left behind is invalid, and "if not exists" would take it for the index.
select format('drop index concurrently if exists %s', indexrelid::regclass)
  from pg_index join pg_class on oid = indexrelid
  join (values
    ('idx_profiles_whatsapp', 'profiles'),
    ('idx_profiles_language', 'profiles'),
    ('idx_trips_user_status', 'trips'),
    ('idx_trips_role_status', 'trips'),
    ('idx_trips_vehicle_status', 'trips'),
    ('idx_trips_created_at', 'trips'),
    ('idx_trips_nearby_search', 'trips'),
    ('idx_user_state_user', 'user_state'),
    ('idx_user_state_expires', 'user_state'),
    ('idx_insurance_leads_whatsapp', 'insurance_leads'),
    ('idx_insurance_leads_status', 'insurance_leads'),
    ('idx_insurance_leads_created', 'insurance_leads'),
    ('idx_claims_whatsapp_status', 'insurance_claims'),
    ('idx_claims_status', 'insurance_claims'),
    ('idx_claims_submitted_at', 'insurance_claims'),
    ('idx_wallet_tx_user_created', 'wallet_transactions'),
    ('idx_wallet_tx_status', 'wallet_transactions'),
    ('idx_audit_logs_timestamp', 'audit_logs'),
    ('idx_audit_logs_user', 'audit_logs'),
    ('idx_audit_logs_action', 'audit_logs')
  ) as list (name, home) on relname = name and indrelid = to_regclass(home)
  where not indisvalid
\gexec

-- Only where the table and all columns are there.
select $i$create index concurrently if not exists idx_profiles_whatsapp on profiles (whatsapp_e164)$i$ where (select count(*) from pg_attribute
  where attrelid = to_regclass('profiles') and attname in ('whatsapp_e164') and not attisdropped) = 1 \gexec
select $i$create index concurrently if not exists idx_profiles_language on profiles (language, user_id)$i$ where (select count(*) from pg_attribute
  where attrelid = to_regclass('profiles') and attname in ('language', 'user_id') and not attisdropped) = 2 \gexec
select $i$create index concurrently if not exists idx_trips_user_status on trips (user_id, status)$i$ where (select count(*) from pg_attribute
  where attrelid = to_regclass('trips') and attname in ('user_id', 'status') and not attisdropped) = 2 \gexec
select $i$create index concurrently if not exists idx_trips_role_status on trips (role, status, created_at desc) where status = 'open'$i$ where (select count(*) from pg_attribute
  where attrelid = to_regclass('trips') and attname in ('role', 'status', 'created_at') and not attisdropped) = 3 \gexec
select $i$create index concurrently if not exists idx_trips_vehicle_status on trips (vehicle_type, status, created_at desc) where status = 'open'$i$ where (select count(*) from pg_attribute
  where attrelid = to_regclass('trips') and attname in ('vehicle_type', 'status', 'created_at') and not attisdropped) = 3 \gexec
select $i$create index concurrently if not exists idx_trips_created_at on trips (created_at desc)$i$ where (select count(*) from pg_attribute
  where attrelid = to_regclass('trips') and attname in ('created_at') and not attisdropped) = 1 \gexec
select $i$create index concurrently if not exists idx_trips_nearby_search on trips (role, status, vehicle_type, created_at, pickup_lat, pickup_lng) where status = 'open'$i$ where (select count(*) from pg_attribute
  where attrelid = to_regclass('trips') and attname in ('role', 'status', 'vehicle_type', 'created_at', 'pickup_lat', 'pickup_lng') and not attisdropped) = 6 \gexec
select $i$create index concurrently if not exists idx_user_state_user on user_state (user_id)$i$ where (select count(*) from pg_attribute
  where attrelid = to_regclass('user_state') and attname in ('user_id') and not attisdropped) = 1 \gexec
select $i$create index concurrently if not exists idx_user_state_expires on user_state (expires_at) where expires_at is not null$i$ where (select count(*) from pg_attribute
  where attrelid = to_regclass('user_state') and attname in ('expires_at') and not attisdropped) = 1 \gexec
select $i$create index concurrently if not exists idx_insurance_leads_whatsapp on insurance_leads (whatsapp, created_at desc)$i$ where (select count(*) from pg_attribute
  where attrelid = to_regclass('insurance_leads') and attname in ('whatsapp', 'created_at') and not attisdropped) = 2 \gexec
select $i$create index concurrently if not exists idx_insurance_leads_status on insurance_leads (status, created_at) where status <> 'closed'$i$ where (select count(*) from pg_attribute
  where attrelid = to_regclass('insurance_leads') and attname in ('status', 'created_at') and not attisdropped) = 2 \gexec
select $i$create index concurrently if not exists idx_insurance_leads_created on insurance_leads (created_at desc)$i$ where (select count(*) from pg_attribute
  where attrelid = to_regclass('insurance_leads') and attname in ('created_at') and not attisdropped) = 1 \gexec
select $i$create index concurrently if not exists idx_claims_whatsapp_status on insurance_claims (whatsapp, status)$i$ where (select count(*) from pg_attribute
  where attrelid = to_regclass('insurance_claims') and attname in ('whatsapp', 'status') and not attisdropped) = 2 \gexec
select $i$create index concurrently if not exists idx_claims_status on insurance_claims (status, submitted_at) where status <> 'paid'$i$ where (select count(*) from pg_attribute
  where attrelid = to_regclass('insurance_claims') and attname in ('status', 'submitted_at') and not attisdropped) = 2 \gexec
select $i$create index concurrently if not exists idx_claims_submitted_at on insurance_claims (submitted_at desc)$i$ where (select count(*) from pg_attribute
  where attrelid = to_regclass('insurance_claims') and attname in ('submitted_at') and not attisdropped) = 1 \gexec
select $i$create index concurrently if not exists idx_wallet_tx_user_created on wallet_transactions (user_id, created_at desc)$i$ where (select count(*) from pg_attribute
  where attrelid = to_regclass('wallet_transactions') and attname in ('user_id', 'created_at') and not attisdropped) = 2 \gexec
select $i$create index concurrently if not exists idx_wallet_tx_status on wallet_transactions (status, created_at) where status = 'pending'$i$ where (select count(*) from pg_attribute
  where attrelid = to_regclass('wallet_transactions') and attname in ('status', 'created_at') and not attisdropped) = 2 \gexec
select $i$create index concurrently if not exists idx_audit_logs_timestamp on audit_logs ("timestamp" desc)$i$ where (select count(*) from pg_attribute
  where attrelid = to_regclass('audit_logs') and attname in ('timestamp') and not attisdropped) = 1 \gexec
select $i$create index concurrently if not exists idx_audit_logs_user on audit_logs (user_id)$i$ where (select count(*) from pg_attribute
  where attrelid = to_regclass('audit_logs') and attname in ('user_id') and not attisdropped) = 1 \gexec
select $i$create index concurrently if not exists idx_audit_logs_action on audit_logs (action, "timestamp" desc)$i$ where (select count(*) from pg_attribute
  where attrelid = to_regclass('audit_logs') and attname in ('action', 'timestamp') and not attisdropped) = 2 \gexec

select 'analyze profiles' where to_regclass('profiles') is not null \gexec
select 'analyze trips' where to_regclass('trips') is not null \gexec
select 'analyze user_state' where to_regclass('user_state') is not null \gexec
select 'analyze insurance_leads' where to_regclass('insurance_leads') is not null \gexec
select 'analyze insurance_claims' where to_regclass('insurance_claims') is not null \gexec
select 'analyze wallet_transactions' where to_regclass('wallet_transactions') is not null \gexec
select 'analyze audit_logs' where to_regclass('audit_logs') is not null \gexec
