-- unusable_values, fresh_landings -> the rows that are of no use, by stream and reason, described (R22).
-- reads: accepted_quarantine, fresh_landings, id_columns, unusable_values
-- makes: stream, in_budget, not_seen, no_booleans, without_day, fault
with shown as (
    select
        stream,
        reason,
        role,
        -- one value shows what is wrong; of scores it takes some to see that they are
        list_slice(list_sort(list_distinct(list(shown))), 1, if(reason = 'bad_passed', 5, 1)) as examples,
        if(reason = 'bad_passed' and count(distinct shown) > 5, ' …', '') as and_more
    from unusable_values
    where shown is not null
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
    from unusable_values as found
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
)

select
    by_reason.stream,
    in_budget,
    not_seen,
    no_booleans,
    without_day,
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
    null as without_day,
    'duplicates of rows of other learners (event_id "' || columns.event_id || '" is no id of a row)'
from foreign_duplicates as duplicates
inner join id_columns as columns on duplicates.stream = columns.stream
where duplicates.rows > 0
