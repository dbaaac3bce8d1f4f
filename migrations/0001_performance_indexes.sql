-- The 20 performance indexes of the EasyMO tables, in one transaction, for fresh projects and small tables.
-- Writes to a table wait while its indexes are built. It can be run again: what is there is left, what a build in the
-- background left invalid is made anew, and what a table or a column is missing or unfit for is skipped with a notice.
-- The partial ones hold only the rows that the hot queries ask for, so those queries must name the same constants.
begin;

set local lock_timeout = '5s';

do $$
declare
  wanted record;
  leftover record;
begin
  for wanted in select * from (values
    ('idx_profiles_whatsapp', 'profiles', $i$create index if not exists idx_profiles_whatsapp on profiles (whatsapp_e164)$i$),
    ('idx_profiles_language', 'profiles', $i$create index if not exists idx_profiles_language on profiles (language, user_id)$i$),
    ('idx_trips_user_status', 'trips', $i$create index if not exists idx_trips_user_status on trips (user_id, status)$i$),
    ('idx_trips_role_status', 'trips', $i$create index if not exists idx_trips_role_status on trips (role, status, created_at desc) where status = 'open'$i$),
    ('idx_trips_vehicle_status', 'trips', $i$create index if not exists idx_trips_vehicle_status on trips (vehicle_type, status, created_at desc) where status = 'open'$i$),
    ('idx_trips_created_at', 'trips', $i$create index if not exists idx_trips_created_at on trips (created_at desc)$i$),
    ('idx_trips_nearby_search', 'trips', $i$create index if not exists idx_trips_nearby_search on trips (role, status, vehicle_type, created_at, pickup_lat, pickup_lng) where status = 'open'$i$),
    ('idx_user_state_user', 'user_state', $i$create index if not exists idx_user_state_user on user_state (user_id)$i$),
    ('idx_user_state_expires', 'user_state', $i$create index if not exists idx_user_state_expires on user_state (expires_at) where expires_at is not null$i$),
    ('idx_insurance_leads_whatsapp', 'insurance_leads', $i$create index if not exists idx_insurance_leads_whatsapp on insurance_leads (whatsapp, created_at desc)$i$),
    ('idx_insurance_leads_status', 'insurance_leads', $i$create index if not exists idx_insurance_leads_status on insurance_leads (status, created_at) where status <> 'closed'$i$),
    ('idx_insurance_leads_created', 'insurance_leads', $i$create index if not exists idx_insurance_leads_created on insurance_leads (created_at desc)$i$),
    ('idx_claims_whatsapp_status', 'insurance_claims', $i$create index if not exists idx_claims_whatsapp_status on insurance_claims (whatsapp, status)$i$),
    ('idx_claims_status', 'insurance_claims', $i$create index if not exists idx_claims_status on insurance_claims (status, submitted_at) where status <> 'paid'$i$),
    ('idx_claims_submitted_at', 'insurance_claims', $i$create index if not exists idx_claims_submitted_at on insurance_claims (submitted_at desc)$i$),
    ('idx_wallet_tx_user_created', 'wallet_transactions', $i$create index if not exists idx_wallet_tx_user_created on wallet_transactions (user_id, created_at desc)$i$),
    ('idx_wallet_tx_status', 'wallet_transactions', $i$create index if not exists idx_wallet_tx_status on wallet_transactions (status, created_at) where status = 'pending'$i$),
    ('idx_audit_logs_timestamp', 'audit_logs', $i$create index if not exists idx_audit_logs_timestamp on audit_logs ("timestamp" desc)$i$),
    ('idx_audit_logs_user', 'audit_logs', $i$create index if not exists idx_audit_logs_user on audit_logs (user_id)$i$),
    ('idx_audit_logs_action', 'audit_logs', $i$create index if not exists idx_audit_logs_action on audit_logs (action, "timestamp" desc)$i$)
  ) as list (name, home, statement)
  loop
    for leftover in
      select indexrelid::regclass as name from pg_index join pg_class on oid = indexrelid
      where relname = wanted.name and indrelid = to_regclass(wanted.home) and not indisvalid
    loop
      execute format('drop index %s', leftover.name);
    end loop;
    begin
      execute wanted.statement;
    exception when undefined_table or undefined_column or wrong_object_type
      -- A column of a type that has no order, or not this constant.
      or undefined_object or undefined_function or invalid_text_representation then
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
