-- Landings -> the roll-up of the UTC days in `wanted_days`: one row per learner, zone and local date (R5 to R10). Each
-- UTC day is cut in the zone that its learner had on that day. Rows of different UTC days are added up later, so XP
-- stays signed and session time stays in microseconds. Inside, a learner is a number: that of the record of the zone in
-- force. Numbers are grouped and ordered in half the time (docs/decisions/0007).
-- reads: landings, local_dates, session_days, wanted_days, zone_records
-- takes: $default_timezone
-- makes: day, user_key, user_id, zone, rolled.* exclude (day, record, unknown_id)
with measured as (
    -- Events that are counted are instants. The time of a session is a stretch, of the kind `time`.
    select
        kind,
        user_id,
        instant::date as day,
        instant as from_utc,
        instant as until_utc,
        amount,
        coalesce(passed, false) as has_passed
    from landings
    semi join wanted_days on landings.instant::date = wanted_days.day
    where reason is null
    union all
    select 'time', user_id, day, opened_at, closed_at, null, false
    from session_days
),

-- An unknown learner has no record, but the id instead, and the default zone, whose number is 0.
recorded as (
    select
        measured.* exclude (user_id),
        known.record,
        coalesce(known.zone_number, 0) as zone_number,
        case when known.record is null then measured.user_id end as unknown_id
    from measured
    left join zone_records as known
        on
            measured.user_id = known.user_id
            and measured.day >= known.from_day
            and measured.day < known.until_day
),

-- The union of a learner's intervals: each adds what lies beyond everything that closed before. Which of two equal ones
-- comes first makes no difference: the other one adds nothing.
unions as (
    select * replace (greatest(from_utc, coalesce(max(until_utc) over earlier, from_utc)) as from_utc)
    from recorded
    where kind = 'time'
    window earlier as (
        partition by record, unknown_id, day
        order by from_utc, until_utc
        rows between unbounded preceding and 1 preceding
    )
),

instants_and_stretches as (
    select * from recorded where kind <> 'time'
    union all
    select * from unions where until_utc > from_utc
),

-- R5: a stretch that crosses a local midnight or a change of offset becomes two.
dated as (
    select
        happened.*,
        local_dates.activity_date,
        epoch_us(least(happened.until_utc, local_dates.until_utc))
        - epoch_us(greatest(happened.from_utc, local_dates.from_utc)) as microseconds
    from instants_and_stretches as happened
    inner join local_dates
        on
            happened.zone_number = local_dates.zone_number
            and happened.day = local_dates.day
            and happened.from_utc < local_dates.until_utc
            and (happened.until_utc > local_dates.from_utc or happened.from_utc = local_dates.from_utc)
),

rolled as (
    select
        day,
        record,
        unknown_id,
        activity_date,
        coalesce(sum(amount) filter (kind = 'xp'), 0)::bigint as xp,
        sum(microseconds)::bigint as session_microseconds,
        count(*) filter (kind = 'xp') as xp_events,
        count(*) filter (kind = 'sessions') as sessions,
        count(*) filter (kind = 'quizzes') as quizzes,
        count(*) filter (kind = 'quizzes' and has_passed) as quizzes_passed
    from dated
    group by day, record, unknown_id, activity_date
)

select
    rolled.day,
    coalesce(known.user_key, user_key(rolled.unknown_id)) as user_key,
    coalesce(known.user_id, rolled.unknown_id) as user_id,
    coalesce(known.zone, $default_timezone) as zone,
    rolled.* exclude (day, record, unknown_id)
from rolled
left join zone_records as known on rolled.record = known.record
