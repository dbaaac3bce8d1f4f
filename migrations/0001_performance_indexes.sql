-- The 20 performance indexes of the EasyMO tables, in one transaction, for fresh projects and small tables.
-- It takes a lock that stops writes to each table while its indexes are built. Every statement can be run again.
-- The partial ones hold only the rows that the hot queries ask for, so those queries must name the same constants.
begin;

create index if not exists idx_profiles_whatsapp on profiles (whatsapp_e164);
create index if not exists idx_profiles_language on profiles (language, user_id);

create index if not exists idx_trips_user_status on trips (user_id, status);
create index if not exists idx_trips_role_status on trips (role, status, created_at desc) where status = 'open';
create index if not exists idx_trips_vehicle_status on trips (vehicle_type, status, created_at desc) where status = 'open';
create index if not exists idx_trips_created_at on trips (created_at desc);
create index if not exists idx_trips_nearby_search on trips (role, status, vehicle_type, created_at, pickup_lat, pickup_lng)
  where status = 'open';

create index if not exists idx_user_state_user on user_state (user_id);
create index if not exists idx_user_state_expires on user_state (expires_at) where expires_at is not null;

create index if not exists idx_insurance_leads_whatsapp on insurance_leads (whatsapp, created_at desc);
create index if not exists idx_insurance_leads_status on insurance_leads (status, created_at) where status <> 'closed';
create index if not exists idx_insurance_leads_created on insurance_leads (created_at desc);

create index if not exists idx_claims_whatsapp_status on insurance_claims (whatsapp, status);
create index if not exists idx_claims_status on insurance_claims (status, submitted_at) where status <> 'paid';
create index if not exists idx_claims_submitted_at on insurance_claims (submitted_at desc);

create index if not exists idx_wallet_tx_user_created on wallet_transactions (user_id, created_at desc);
create index if not exists idx_wallet_tx_status on wallet_transactions (status, created_at) where status = 'pending';

create index if not exists idx_audit_logs_timestamp on audit_logs ("timestamp" desc);
create index if not exists idx_audit_logs_user on audit_logs (user_id);
create index if not exists idx_audit_logs_action on audit_logs (action, "timestamp" desc);

analyze profiles, trips, user_state, insurance_leads, insurance_claims, wallet_transactions, audit_logs;

commit;
