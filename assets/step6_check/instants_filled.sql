-- Streams whose application has stopped to fill the instant: the days that the published version lacks bring no row at
-- all, and five or more without an instant have come. A null by itself is normal: an attempt in progress (R19).
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
        min(if(json_exists(row, '$.started_at'), 'started_at', 'occurred_at')) as role,
        min(coalesce(row ->> '$.started_at', row ->> '$.occurred_at')) as instant
    from fresh_quarantine
    where reason = 'missing_time' and not is_unreadable
    group by stream
),

instants_filled as (
    select
        nulls.stream || ': ' || nulls.rows || ' new rows without ' || role || ', and none with one from ' || first_day
        || ' to ' || last_day || ': missing_time (' || role || ' ' || coalesce('"' || instant || '"', 'null') || ')'
            as example
    from new_nulls as nulls
    inner join new_days on nulls.stream = new_days.stream
    where not $accept_quarantine and nulls.rows >= $smallest_gap and new_days.rows = 0
)

select
    'instants_filled' as name,
    count(*) as violations,
    min(example) as example,
    if($accept_quarantine, 'let through', (select coalesce(sum(rows), 0) from new_days) || ' rows') as compared
from instants_filled
