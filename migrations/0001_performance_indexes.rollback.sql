-- Takes back 0001_performance_indexes.sql.
set local lock_timeout = '5s';

do $$
declare
  built record;
begin
  for built in
    select indexrelid::regclass as name from pg_index join pg_class on oid = indexrelid
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
    ) as list (name, home) on relname = list.name and indrelid = to_regclass(home)
  loop
    execute format('drop index %s', built.name);
  end loop;
end
$$;
