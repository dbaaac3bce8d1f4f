-- Takes back 0001_performance_indexes.sql.
begin;

set local lock_timeout = '5s';

drop index if exists idx_profiles_whatsapp;
drop index if exists idx_profiles_language;
drop index if exists idx_trips_user_status;
drop index if exists idx_trips_role_status;
drop index if exists idx_trips_vehicle_status;
drop index if exists idx_trips_created_at;
drop index if exists idx_trips_nearby_search;
drop index if exists idx_user_state_user;
drop index if exists idx_user_state_expires;
drop index if exists idx_insurance_leads_whatsapp;
drop index if exists idx_insurance_leads_status;
drop index if exists idx_insurance_leads_created;
drop index if exists idx_claims_whatsapp_status;
drop index if exists idx_claims_status;
drop index if exists idx_claims_submitted_at;
drop index if exists idx_wallet_tx_user_created;
drop index if exists idx_wallet_tx_status;
drop index if exists idx_audit_logs_timestamp;
drop index if exists idx_audit_logs_user;
drop index if exists idx_audit_logs_action;

commit;
