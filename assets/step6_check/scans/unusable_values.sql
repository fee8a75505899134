-- fresh_quarantine, landed_users -> the values that cannot be used, by stream, reason and role. What is shown of a
-- value is no id and no username: such a column may have been mapped by mistake (R22).
-- reads: fresh_quarantine, landed_users
-- makes: by_value.*, shown
with unusable as (
    select
        *,
        if(reason = 'missing_time', not_seen, not_accepted) as in_budget,
        -- The role whose value cannot be used; what is wrong with an id is not shown.
        case
            when reason in ('bad_amount', 'bad_passed') then substr(reason, 5)
            when reason = 'missing_time' then if(json_exists(row, '$.started_at'), 'started_at', 'occurred_at')
            when reason in ('ended_before_started', 'longer_than_24h')
                then if(row ->> '$.ended_at' is null, 'last_activity_at', 'ended_at')
            when reason = 'bad_time'
                then list_filter(
                    ['ended_at', 'last_activity_at', 'updated_at'],
                    lambda one: row ->> one is not null and (
                        try_cast(row ->> one as timestamp) is null
                        or not regexp_matches(row ->> one, '^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:|$)')
                    )
                )[1]
        end as role
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
