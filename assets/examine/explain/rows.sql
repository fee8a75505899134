-- The learner's landed rows -> those of one local date: whose own instant lies on it, or whose session is open on it.
-- Each has the zone of its UTC day. A duplicate says whether the row that counts is the learner's, too (R20).
-- reads: learner_rows, stretches, zone_records
-- takes: $asked_date, $default_timezone
-- makes: *
with landed as (
    select
        *,
        instant::date as day,
        if(kind = 'sessions', session_end(instant, ended_at, last_activity_at), instant) as ends_at
    from learner_rows
),

dated as (
    select
        landed.*,
        coalesce(known.zone, $default_timezone) as zone,
        case
            when landed.has_own_dates then landed.day = $asked_date::date
            else exists (
                select 1
                from stretches
                where
                    stretches.day = landed.day
                    and landed.instant >= stretches.from_utc
                    and landed.instant < stretches.until_utc
            )
        end as is_of_date,
        landed.ends_at > landed.instant
        and exists (
            select 1
            from stretches
            where landed.instant < stretches.until_utc and landed.ends_at > stretches.from_utc
        ) as is_open_on_date,
        exists(
            select 1
            from landed as counting
            where
                counting.stream = landed.stream
                and counting.day = landed.day
                and counting.event_id = landed.event_id
                and (counting.reason is null or counting.reason = 'deleted')
        ) as has_counting_row
    from landed
    left join zone_records as known
        on landed.day >= known.from_day and landed.day < known.until_day
)

select *
from dated
where is_of_date or is_open_on_date
order by instant, stream, event_id, number
