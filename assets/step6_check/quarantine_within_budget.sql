-- Streams of whose new rows too many are of no use (R22): more than 20 and more than the budget; more than the budget
-- of those whose `passed` says neither yes nor no; or more than half. New are the rows of the landings made since the
-- published version and the rows without a readable instant that it does not have; of users, who land whole, all.
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

-- A column of ids or names may have been mapped by mistake: no message has them.
names as (
    select user_id as name from landed_users
    union all
    select username from landed_users
),

to_show as (
    select
        stream,
        reason,
        role,
        '"' || left(trim(regexp_replace(value, '[[:space:][:cntrl:]]+', ' ', 'g')), 40) || '"' as value
    from by_value
    anti join names on by_value.value = names.name
    where not is_id
),

shown as (
    select
        stream,
        reason,
        role,
        -- one value shows what is wrong; of scores it takes some to see that they are
        list_slice(list_sort(list_distinct(list(value))), 1, if(reason = 'bad_passed', 5, 1)) as examples,
        if(reason = 'bad_passed' and count(distinct value) > 5, ' …', '') as and_more
    from to_show
    where value is not null
    group by stream, reason, role
),

by_reason as (
    select
        found.stream,
        found.reason,
        sum(found.in_budget) as in_budget,
        sum(found.not_seen) as not_seen,
        coalesce(sum(found.in_budget) filter (found.reason = 'bad_passed' and found.value is not null), 0)
            as no_booleans,
        sum(found.not_seen) filter (found.reason = 'missing_time') as without_day
    from by_value as found
    group by found.stream, found.reason
),

details as (
    select
        stream,
        reason,
        string_agg(role || ' ' || array_to_string(examples, ', ') || and_more, ', ' order by role) as example
    from shown
    group by stream, reason
),

accepted_duplicates as (
    select stream, day, count(*) as duplicates
    from accepted_quarantine
    where reason = 'duplicate'
    group by stream, day
),

foreign_duplicates as (
    select
        landing.stream,
        sum(greatest(landing.foreign_duplicates - coalesce(accepted.duplicates, 0), 0)) as rows
    from fresh_landings as landing
    left join accepted_duplicates as accepted
        on landing.stream = accepted.stream and landing.day = accepted.day
    group by landing.stream
),

faults as (
    select
        by_reason.stream,
        in_budget,
        not_seen,
        no_booleans,
        by_reason.reason || coalesce(
            ' (' || nullif(
                concat_ws(', ', details.example, if(no_booleans > 0, 'neither yes nor no', null)), ''
            ) || ')',
            ''
        ) as fault
    from by_reason
    left join details on by_reason.stream = details.stream and by_reason.reason = details.reason
    union all
    select
        duplicates.stream,
        duplicates.rows as in_budget,
        duplicates.rows as not_seen,
        0 as no_booleans,
        'duplicates of rows of other learners (event_id "' || columns.event_id || '" is no id of a row)'
    from foreign_duplicates as duplicates
    inner join id_columns as columns on duplicates.stream = columns.stream
    where duplicates.rows > 0
),

new_rows_of_events as (
    select stream, source_rows from fresh_landings
    union all
    select stream, without_day from by_reason where without_day is not null
),

new_rows as (
    select stream, false as is_of_users, sum(source_rows) as rows from new_rows_of_events group by stream
    union all
    select $users_stream, true, count(*) from landed_users
),

by_stream as (
    select
        fresh.stream,
        fresh.rows,
        fresh.is_of_users,
        sum(faults.in_budget) as in_budget,
        sum(faults.not_seen) as not_seen,
        sum(faults.no_booleans) as no_booleans,
        string_agg(
            if(is_of_users, faults.not_seen, faults.in_budget) || ' ' || fault,
            ', ' order by faults.in_budget desc, fault asc
        ) as described
    from new_rows as fresh
    inner join faults on fresh.stream = faults.stream
    group by fresh.stream, fresh.rows, fresh.is_of_users
),

quarantine_within_budget as (
    select stream || ': ' || if(is_of_users, not_seen, in_budget) || ' of ' || rows || ' rows: ' || described as example
    from by_stream
    where
        not $accept_quarantine
        and (
            2 * not_seen > rows
            or (
                not is_of_users
                and in_budget > $quarantine_budget * rows
                and (in_budget > $smallest_quarantine or no_booleans > $quarantine_budget * rows)
            )
        )
)

select
    'quarantine_within_budget' as name,
    count(*) as violations,
    min(example) as example,
    if($accept_quarantine, 'let through', (select sum(rows) from new_rows) || ' rows') as compared
from quarantine_within_budget
