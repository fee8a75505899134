-- What was restated with its reason: one row per learner, date and measure. A date depends on the UTC days that reach
-- it, in the zone that its learner had then or has now, and on the day of its own name, whose rows may be of it (R5).
-- If the zone, or the zone data, is another, that is the reason. Else a changed landing of these days is. Else only the
-- configuration can be.
-- reads: days_touching, restated, zone_segments, zones_in_force, zones_in_force_before
-- takes: $default_timezone, $default_timezone_before, $is_other_zone_data, $version
-- makes: measured.*, version, reason
with day_dates as (
    select
        segment.zone,
        touched.day,
        min((greatest(segment.from_utc, touched.day::timestamp) + segment.utc_offset)::date) as first_date,
        max((
            least(segment.until_utc, touched.day::timestamp + interval 1 day) + segment.utc_offset
            - interval 1 microsecond
        )::date) as last_date
    from days_touching as touched
    inner join zone_segments as segment
        on
            segment.from_utc < touched.day::timestamp + interval 1 day
            and segment.until_utc > touched.day::timestamp
    group by segment.zone, touched.day
),

near as (
    select
        user_id,
        activity_date,
        unnest([activity_date - 1, activity_date, activity_date + 1])::date as day
    from restated
),

in_zones as (
    select
        near.*,
        touched.is_of_source,
        coalesce(zones_before.zone, $default_timezone_before) as zone_before,
        coalesce(zones_in_force.zone, $default_timezone) as zone
    from near
    inner join days_touching as touched on near.day = touched.day
    left join zones_in_force_before as zones_before
        on
            near.user_id = zones_before.user_id
            and near.day >= zones_before.from_day
            and near.day < zones_before.until_day
    left join zones_in_force
        on
            near.user_id = zones_in_force.user_id
            and near.day >= zones_in_force.from_day
            and near.day < zones_in_force.until_day
),

reasons as (
    select
        in_zones.user_id,
        in_zones.activity_date,
        bool_or(in_zones.zone_before <> in_zones.zone) as is_of_zone,
        bool_or(in_zones.is_of_source) as is_of_source
    from in_zones
    semi join day_dates
        on
            in_zones.day = day_dates.day
            and day_dates.zone in (in_zones.zone_before, in_zones.zone)
            and (
                in_zones.activity_date between day_dates.first_date and day_dates.last_date
                or in_zones.activity_date = in_zones.day
            )
    group by in_zones.user_id, in_zones.activity_date
),

measured as (
    select
        user_key,
        user_id,
        activity_date,
        unnest(['xp_earned', 'learning_time', 'sessions', 'quizzes', 'quizzes_passed']) as measure,
        unnest([
            xp_earned_before, learning_time_before, sessions_before, quizzes_before, quizzes_passed_before
        ]) as old,
        unnest([xp_earned, learning_time, sessions, quizzes, quizzes_passed]) as new
    from restated
)

select
    measured.*,
    $version::varchar as version,
    case
        when $is_other_zone_data or reasons.is_of_zone then 'zone'
        when reasons.is_of_source then 'source'
        else 'rule'
    end as reason
from measured
left join reasons on measured.user_id = reasons.user_id and measured.activity_date = reasons.activity_date
where measured.old <> measured.new
