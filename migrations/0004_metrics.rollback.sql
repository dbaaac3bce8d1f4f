-- Takes back 0004_metrics.sql, with all that was counted.

set local lock_timeout = '5s';

drop function if exists easymo_metrics_cleanup(integer);
drop function if exists easymo_metrics_read();
drop function if exists easymo_metrics_add(jsonb);
drop function if exists easymo_metrics_forget_flushes(timestamptz, integer);
drop function if exists easymo_metrics_forget(timestamptz, integer);
drop function if exists easymo_metrics_sum(jsonb, jsonb);
drop function if exists easymo_metrics_key(text, text);
drop table if exists easymo_metrics_definitions;
drop table if exists easymo_metrics_gauges;
drop table if exists easymo_metrics_series;
drop table if exists easymo_metrics_flushes;

do $$
begin
  if to_regclass('easymo_schema_versions') is null then
    return;
  end if;
  delete from easymo_schema_versions where component = 'metrics';
  if not exists (select from easymo_schema_versions) then
    drop table easymo_schema_versions;
  end if;
end
$$;
