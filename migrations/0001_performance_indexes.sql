-- The 20 performance indexes of the EasyMO tables, in one transaction, for fresh projects and small tables.
-- Writes to a table wait while its indexes are built. It can be run again: what is there is left, what a build in the
-- background left invalid is made anew, and what a table or a column is missing for is skipped with a notice.
-- The partial ones hold only the rows that the hot queries ask for, so those queries must name the same constants.
begin;

set local lock_timeout = '5s';

do $$
declare
  wanted record;
begin
  for wanted in select * from (values
    ('idx_profiles_whatsapp', $i$create index if not exists idx_profiles_whatsapp on profiles (whatsapp_e164)$i$),
    ('idx_profiles_language', $i$create index if not exists idx_profiles_language on profiles (language, user_id)$i$),
    ('idx_trips_user_status', $i$create index if not exists idx_trips_user_status on trips (user_id, status)$i$),
    ('idx_trips_role_status', $i$create index if not exists idx_trips_role_status on trips (role, status, created_at desc) where status = 'open'$i$),
    ('idx_trips_vehicle_status', $i$create index if not exists idx_trips_vehicle_status on trips (vehicle_type, status, created_at desc) where status = 'open'$i$),
    ('idx_trips_created_at', $i$create index if not exists idx_trips_created_at on trips (created_at desc)$i$),
    ('idx_trips_nearby_search', $i$create index if not exists idx_trips_nearby_search on trips (role, status, vehicle_type, created_at, pickup_lat, pickup_lng) where status = 'open'$i$),
    ('idx_user_state_user', $i$create index if not exists idx_user_state_user on user_state (user_id)$i$),
    ('idx_user_state_expires', $i$create index if not exists idx_user_state_expires on user_state (expires_at) where expires_at is not null$i$),
    ('idx_insurance_leads_whatsapp', $i$create index if not exists idx_insurance_leads_whatsapp on insurance_leads (whatsapp, created_at desc)$i$),
    ('idx_insurance_leads_status', $i$create index if not exists idx_insurance_leads_status on insurance_leads (status, created_at) where status <> 'closed'$i$),
    ('idx_insurance_leads_created', $i$create index if not exists idx_insurance_leads_created on insurance_leads (created_at desc)$i$),
    ('idx_claims_whatsapp_status', $i$create index if not exists idx_claims_whatsapp_status on insurance_claims (whatsapp, status)$i$),
    ('idx_claims_status', $i$create index if not exists idx_claims_status on insurance_claims (status, submitted_at) where status <> 'paid'$i$),
    ('idx_claims_submitted_at', $i$create index if not exists idx_claims_submitted_at on insurance_claims (submitted_at desc)$i$),
    ('idx_wallet_tx_user_created', $i$create index if not exists idx_wallet_tx_user_created on wallet_transactions (user_id, created_at desc)$i$),
    ('idx_wallet_tx_status', $i$create index if not exists idx_wallet_tx_status on wallet_transactions (status, created_at) where status = 'pending'$i$),
    ('idx_audit_logs_timestamp', $i$create index if not exists idx_audit_logs_timestamp on audit_logs ("timestamp" desc)$i$),
    ('idx_audit_logs_user', $i$create index if not exists idx_audit_logs_user on audit_logs (user_id)$i$),
    ('idx_audit_logs_action', $i$create index if not exists idx_audit_logs_action on audit_logs (action, "timestamp" desc)$i$)
  ) as list (name, statement)
  loop
    if exists (select from pg_index where indexrelid = to_regclass(wanted.name) and not indisvalid) then
      execute format('drop index %I', wanted.name);
    end if;
    begin
      execute wanted.statement;
    exception when undefined_table or undefined_column then
      raise notice 'easymo-perf: % is skipped: %', wanted.name, sqlerrm;
    end;
  end loop;
end
$$;

do $$
declare
  name text;
begin
  foreach name in array array['profiles', 'trips', 'user_state', 'insurance_leads', 'insurance_claims', 'wallet_transactions', 'audit_logs']
  loop
    if to_regclass(name) is not null then
      execute format('analyze %I', name);
    end if;
  end loop;
end
$$;

commit;
