-- fresh_quarantine, landed_users -> the values that cannot be used, by stream, reason and role. What is shown of a
-- value is no id and no username: such a column may have been mapped by mistake (R22).
-- reads: fresh_quarantine, landed_users
-- makes: by_value.*, shown
with unusable as (
    select
        *,
        if(reason = 'missing_time', not_seen, not_accepted) as in_budget,
        unusable_role(row, reason, 1000000000000, 90000) as role
    from fresh_quarantine
    where (reason <> 'missing_time' or is_unreadable) and greatest(not_accepted, not_seen) > 0
),

by_value as (
    select
        stream,
        reason,
        role,
        row ->> role as value,
        sum(in_budget) as in_budget,
        sum(not_seen) as not_seen,
        coalesce(bool_or(row ->> role in (row ->> '$.event_id', row ->> '$.user_id')), false) as is_id
    from unusable
    group by stream, reason, role, row ->> role
),

names as (
    select user_id as name from landed_users
    union
    select username from landed_users
)

select
    by_value.*,
    case
        when not is_id and names.name is null
            then '"' || left(trim(regexp_replace(value, '[[:space:][:cntrl:]]+', ' ', 'g')), 40) || '"'
    end as shown
from by_value
left join names on by_value.value = names.name
