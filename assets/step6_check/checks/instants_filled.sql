-- New days do not bring nothing but rows without an instant (R22).
-- table: quarantine
-- compares: select coalesce(sum(source_rows), 0) from fresh_landings where is_new_day
-- way out: look at the table quarantine of the unpublished file, or let it through with --accept-quarantine
-- let through by: accept_quarantine
-- reads: fresh_landings, fresh_quarantine, limits
--
-- Streams whose application has stopped to fill the instant: the days that the published version lacks bring no row at
-- all, and some without an instant have come. A null by itself is normal: an attempt in progress (R19).
with new_days as (
    select stream, min(day) as first_day, max(day) as last_day, sum(source_rows) as rows
    from fresh_landings
    where is_new_day
    group by stream
),

new_nulls as (
    select
        stream,
        sum(not_seen) as rows,
        min(role_of_day(row)) as role,
        min(row ->> role_of_day(row)) as instant
    from fresh_quarantine
    where reason = 'missing_time' and not is_unreadable
    group by stream
)

select
    nulls.stream || ': ' || nulls.rows || ' new rows without ' || role || ', and none with one from ' || first_day
    || ' to ' || last_day || ': missing_time (' || role || ' ' || coalesce('"' || instant || '"', 'null') || ')'
        as example
from new_nulls as nulls
inner join new_days on nulls.stream = new_days.stream
inner join limits on nulls.rows >= limits.smallest_gap
where new_days.rows = 0
