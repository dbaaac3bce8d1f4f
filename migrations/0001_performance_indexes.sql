-- The 20 performance indexes of the EasyMO tables, for fresh projects and small tables. Run it in one transaction, by
-- psql --single-transaction or by a tool that does so: it begins and ends none of its own, so that it ends nobody else's.
-- Writes to a table wait while its indexes are built. It can be run again: what is there is left, what a build in the
-- background left invalid is made anew, and what a table or a column is missing or unfit for is skipped with a notice.
-- The partial ones hold only the rows that the hot queries ask for, so those queries must name the same constants.
set local lock_timeout = '5s';
-- A role that may ask for a moment only may build for as long as it takes.
set local statement_timeout = 0;

do $$
declare
  leftover record;
begin
  for leftover in
    select indexrelid::regclass as name from pg_index join pg_class on oid = indexrelid
    where relname = 'idx_profiles_whatsapp' and indrelid = to_regclass('profiles') and not indisvalid
  loop
    execute format('drop index %s', leftover.name);
  end loop;
  create index if not exists idx_profiles_whatsapp on profiles (whatsapp_e164);
exception when undefined_table or undefined_column or wrong_object_type
  -- A column of a type that has no order, or not this constant.
  or undefined_object or undefined_function or invalid_text_representation then
  raise notice 'easymo-perf: idx_profiles_whatsapp is skipped: %', sqlerrm;
end
$$;

do $$
declare
  leftover record;
begin
  for leftover in
    select indexrelid::regclass as name from pg_index join pg_class on oid = indexrelid
    where relname = 'idx_profiles_language' and indrelid = to_regclass('profiles') and not indisvalid
  loop
    execute format('drop index %s', leftover.name);
  end loop;
  create index if not exists idx_profiles_language on profiles (language, user_id);
exception when undefined_table or undefined_column or wrong_object_type
  -- A column of a type that has no order, or not this constant.
  or undefined_object or undefined_function or invalid_text_representation then
  raise notice 'easymo-perf: idx_profiles_language is skipped: %', sqlerrm;
end
$$;

do $$
declare
  leftover record;
begin
  for leftover in
    select indexrelid::regclass as name from pg_index join pg_class on oid = indexrelid
    where relname = 'idx_trips_user_status' and indrelid = to_regclass('trips') and not indisvalid
  loop
    execute format('drop index %s', leftover.name);
  end loop;
  create index if not exists idx_trips_user_status on trips (user_id, status);
exception when undefined_table or undefined_column or wrong_object_type
  -- A column of a type that has no order, or not this constant.
  or undefined_object or undefined_function or invalid_text_representation then
  raise notice 'easymo-perf: idx_trips_user_status is skipped: %', sqlerrm;
end
$$;

do $$
declare
  leftover record;
begin
  for leftover in
    select indexrelid::regclass as name from pg_index join pg_class on oid = indexrelid
    where relname = 'idx_trips_role_status' and indrelid = to_regclass('trips') and not indisvalid
  loop
    execute format('drop index %s', leftover.name);
  end loop;
  create index if not exists idx_trips_role_status on trips (role, status, created_at desc) where status = 'open';
exception when undefined_table or undefined_column or wrong_object_type
  -- A column of a type that has no order, or not this constant.
  or undefined_object or undefined_function or invalid_text_representation then
  raise notice 'easymo-perf: idx_trips_role_status is skipped: %', sqlerrm;
end
$$;

do $$
declare
  leftover record;
begin
  for leftover in
    select indexrelid::regclass as name from pg_index join pg_class on oid = indexrelid
    where relname = 'idx_trips_vehicle_status' and indrelid = to_regclass('trips') and not indisvalid
  loop
    execute format('drop index %s', leftover.name);
  end loop;
  create index if not exists idx_trips_vehicle_status on trips (vehicle_type, status, created_at desc) where status = 'open';
exception when undefined_table or undefined_column or wrong_object_type
  -- A column of a type that has no order, or not this constant.
  or undefined_object or undefined_function or invalid_text_representation then
  raise notice 'easymo-perf: idx_trips_vehicle_status is skipped: %', sqlerrm;
end
$$;

do $$
declare
  leftover record;
begin
  for leftover in
    select indexrelid::regclass as name from pg_index join pg_class on oid = indexrelid
    where relname = 'idx_trips_created_at' and indrelid = to_regclass('trips') and not indisvalid
  loop
    execute format('drop index %s', leftover.name);
  end loop;
  create index if not exists idx_trips_created_at on trips (created_at desc);
exception when undefined_table or undefined_column or wrong_object_type
  -- A column of a type that has no order, or not this constant.
  or undefined_object or undefined_function or invalid_text_representation then
  raise notice 'easymo-perf: idx_trips_created_at is skipped: %', sqlerrm;
end
$$;

do $$
declare
  leftover record;
begin
  for leftover in
    select indexrelid::regclass as name from pg_index join pg_class on oid = indexrelid
    where relname = 'idx_trips_nearby_search' and indrelid = to_regclass('trips') and not indisvalid
  loop
    execute format('drop index %s', leftover.name);
  end loop;
  create index if not exists idx_trips_nearby_search on trips (role, status, vehicle_type, created_at, pickup_lat, pickup_lng) where status = 'open';
exception when undefined_table or undefined_column or wrong_object_type
  -- A column of a type that has no order, or not this constant.
  or undefined_object or undefined_function or invalid_text_representation then
  raise notice 'easymo-perf: idx_trips_nearby_search is skipped: %', sqlerrm;
end
$$;

do $$
declare
  leftover record;
begin
  for leftover in
    select indexrelid::regclass as name from pg_index join pg_class on oid = indexrelid
    where relname = 'idx_user_state_user' and indrelid = to_regclass('user_state') and not indisvalid
  loop
    execute format('drop index %s', leftover.name);
  end loop;
  create index if not exists idx_user_state_user on user_state (user_id);
exception when undefined_table or undefined_column or wrong_object_type
  -- A column of a type that has no order, or not this constant.
  or undefined_object or undefined_function or invalid_text_representation then
  raise notice 'easymo-perf: idx_user_state_user is skipped: %', sqlerrm;
end
$$;

do $$
declare
  leftover record;
begin
  for leftover in
    select indexrelid::regclass as name from pg_index join pg_class on oid = indexrelid
    where relname = 'idx_user_state_expires' and indrelid = to_regclass('user_state') and not indisvalid
  loop
    execute format('drop index %s', leftover.name);
  end loop;
  create index if not exists idx_user_state_expires on user_state (expires_at) where expires_at is not null;
exception when undefined_table or undefined_column or wrong_object_type
  -- A column of a type that has no order, or not this constant.
  or undefined_object or undefined_function or invalid_text_representation then
  raise notice 'easymo-perf: idx_user_state_expires is skipped: %', sqlerrm;
end
$$;

do $$
declare
  leftover record;
begin
  for leftover in
    select indexrelid::regclass as name from pg_index join pg_class on oid = indexrelid
    where relname = 'idx_insurance_leads_whatsapp' and indrelid = to_regclass('insurance_leads') and not indisvalid
  loop
    execute format('drop index %s', leftover.name);
  end loop;
  create index if not exists idx_insurance_leads_whatsapp on insurance_leads (whatsapp, created_at desc);
exception when undefined_table or undefined_column or wrong_object_type
  -- A column of a type that has no order, or not this constant.
  or undefined_object or undefined_function or invalid_text_representation then
  raise notice 'easymo-perf: idx_insurance_leads_whatsapp is skipped: %', sqlerrm;
end
$$;

do $$
declare
  leftover record;
begin
  for leftover in
    select indexrelid::regclass as name from pg_index join pg_class on oid = indexrelid
    where relname = 'idx_insurance_leads_status' and indrelid = to_regclass('insurance_leads') and not indisvalid
  loop
    execute format('drop index %s', leftover.name);
  end loop;
  create index if not exists idx_insurance_leads_status on insurance_leads (status, created_at) where status <> 'closed';
exception when undefined_table or undefined_column or wrong_object_type
  -- A column of a type that has no order, or not this constant.
  or undefined_object or undefined_function or invalid_text_representation then
  raise notice 'easymo-perf: idx_insurance_leads_status is skipped: %', sqlerrm;
end
$$;

do $$
declare
  leftover record;
begin
  for leftover in
    select indexrelid::regclass as name from pg_index join pg_class on oid = indexrelid
    where relname = 'idx_insurance_leads_created' and indrelid = to_regclass('insurance_leads') and not indisvalid
  loop
    execute format('drop index %s', leftover.name);
  end loop;
  create index if not exists idx_insurance_leads_created on insurance_leads (created_at desc);
exception when undefined_table or undefined_column or wrong_object_type
  -- A column of a type that has no order, or not this constant.
  or undefined_object or undefined_function or invalid_text_representation then
  raise notice 'easymo-perf: idx_insurance_leads_created is skipped: %', sqlerrm;
end
$$;

do $$
declare
  leftover record;
begin
  for leftover in
    select indexrelid::regclass as name from pg_index join pg_class on oid = indexrelid
    where relname = 'idx_claims_whatsapp_status' and indrelid = to_regclass('insurance_claims') and not indisvalid
  loop
    execute format('drop index %s', leftover.name);
  end loop;
  create index if not exists idx_claims_whatsapp_status on insurance_claims (whatsapp, status);
exception when undefined_table or undefined_column or wrong_object_type
  -- A column of a type that has no order, or not this constant.
  or undefined_object or undefined_function or invalid_text_representation then
  raise notice 'easymo-perf: idx_claims_whatsapp_status is skipped: %', sqlerrm;
end
$$;

do $$
declare
  leftover record;
begin
  for leftover in
    select indexrelid::regclass as name from pg_index join pg_class on oid = indexrelid
    where relname = 'idx_claims_status' and indrelid = to_regclass('insurance_claims') and not indisvalid
  loop
    execute format('drop index %s', leftover.name);
  end loop;
  create index if not exists idx_claims_status on insurance_claims (status, submitted_at) where status <> 'paid';
exception when undefined_table or undefined_column or wrong_object_type
  -- A column of a type that has no order, or not this constant.
  or undefined_object or undefined_function or invalid_text_representation then
  raise notice 'easymo-perf: idx_claims_status is skipped: %', sqlerrm;
end
$$;

do $$
declare
  leftover record;
begin
  for leftover in
    select indexrelid::regclass as name from pg_index join pg_class on oid = indexrelid
    where relname = 'idx_claims_submitted_at' and indrelid = to_regclass('insurance_claims') and not indisvalid
  loop
    execute format('drop index %s', leftover.name);
  end loop;
  create index if not exists idx_claims_submitted_at on insurance_claims (submitted_at desc);
exception when undefined_table or undefined_column or wrong_object_type
  -- A column of a type that has no order, or not this constant.
  or undefined_object or undefined_function or invalid_text_representation then
  raise notice 'easymo-perf: idx_claims_submitted_at is skipped: %', sqlerrm;
end
$$;

do $$
declare
  leftover record;
begin
  for leftover in
    select indexrelid::regclass as name from pg_index join pg_class on oid = indexrelid
    where relname = 'idx_wallet_tx_user_created' and indrelid = to_regclass('wallet_transactions') and not indisvalid
  loop
    execute format('drop index %s', leftover.name);
  end loop;
  create index if not exists idx_wallet_tx_user_created on wallet_transactions (user_id, created_at desc);
exception when undefined_table or undefined_column or wrong_object_type
  -- A column of a type that has no order, or not this constant.
  or undefined_object or undefined_function or invalid_text_representation then
  raise notice 'easymo-perf: idx_wallet_tx_user_created is skipped: %', sqlerrm;
end
$$;

do $$
declare
  leftover record;
begin
  for leftover in
    select indexrelid::regclass as name from pg_index join pg_class on oid = indexrelid
    where relname = 'idx_wallet_tx_status' and indrelid = to_regclass('wallet_transactions') and not indisvalid
  loop
    execute format('drop index %s', leftover.name);
  end loop;
  create index if not exists idx_wallet_tx_status on wallet_transactions (status, created_at) where status = 'pending';
exception when undefined_table or undefined_column or wrong_object_type
  -- A column of a type that has no order, or not this constant.
  or undefined_object or undefined_function or invalid_text_representation then
  raise notice 'easymo-perf: idx_wallet_tx_status is skipped: %', sqlerrm;
end
$$;

do $$
declare
  leftover record;
begin
  for leftover in
    select indexrelid::regclass as name from pg_index join pg_class on oid = indexrelid
    where relname = 'idx_audit_logs_timestamp' and indrelid = to_regclass('audit_logs') and not indisvalid
  loop
    execute format('drop index %s', leftover.name);
  end loop;
  create index if not exists idx_audit_logs_timestamp on audit_logs ("timestamp" desc);
exception when undefined_table or undefined_column or wrong_object_type
  -- A column of a type that has no order, or not this constant.
  or undefined_object or undefined_function or invalid_text_representation then
  raise notice 'easymo-perf: idx_audit_logs_timestamp is skipped: %', sqlerrm;
end
$$;

do $$
declare
  leftover record;
begin
  for leftover in
    select indexrelid::regclass as name from pg_index join pg_class on oid = indexrelid
    where relname = 'idx_audit_logs_user' and indrelid = to_regclass('audit_logs') and not indisvalid
  loop
    execute format('drop index %s', leftover.name);
  end loop;
  create index if not exists idx_audit_logs_user on audit_logs (user_id);
exception when undefined_table or undefined_column or wrong_object_type
  -- A column of a type that has no order, or not this constant.
  or undefined_object or undefined_function or invalid_text_representation then
  raise notice 'easymo-perf: idx_audit_logs_user is skipped: %', sqlerrm;
end
$$;

do $$
declare
  leftover record;
begin
  for leftover in
    select indexrelid::regclass as name from pg_index join pg_class on oid = indexrelid
    where relname = 'idx_audit_logs_action' and indrelid = to_regclass('audit_logs') and not indisvalid
  loop
    execute format('drop index %s', leftover.name);
  end loop;
  create index if not exists idx_audit_logs_action on audit_logs (action, "timestamp" desc);
exception when undefined_table or undefined_column or wrong_object_type
  -- A column of a type that has no order, or not this constant.
  or undefined_object or undefined_function or invalid_text_representation then
  raise notice 'easymo-perf: idx_audit_logs_action is skipped: %', sqlerrm;
end
$$;

do $$
begin
  if to_regclass('profiles') is not null then
    analyze profiles;
  end if;
end
$$;

do $$
begin
  if to_regclass('trips') is not null then
    analyze trips;
  end if;
end
$$;

do $$
begin
  if to_regclass('user_state') is not null then
    analyze user_state;
  end if;
end
$$;

do $$
begin
  if to_regclass('insurance_leads') is not null then
    analyze insurance_leads;
  end if;
end
$$;

do $$
begin
  if to_regclass('insurance_claims') is not null then
    analyze insurance_claims;
  end if;
end
$$;

do $$
begin
  if to_regclass('wallet_transactions') is not null then
    analyze wallet_transactions;
  end if;
end
$$;

do $$
begin
  if to_regclass('audit_logs') is not null then
    analyze audit_logs;
  end if;
end
$$;
