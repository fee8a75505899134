-- What there is to say of a version as a whole, but for its name, times and hash: one row.
-- reads: landed_users, rolled_learners, sums_by_day, version.pulse_totals, version.users, zone_windows, zones_in_force
-- takes: $default_timezone, $newest_day, $streams_with_timezones
-- makes: unknown_user_rows, deleted_user_rows, read_xp, read_microseconds, default_window_end, complete_through,
-- bad_zones, deleted_users
with sorted_out as (
    select
        rolled.*,
        event_rows as rows,
        users.user_id is not null as is_live,
        landed.user_id is not null and users.user_id is null as is_deleted
    from rolled_learners as rolled
    left join version.users on rolled.user_key = users.user_key
    left join landed_users as landed on rolled.user_id = landed.user_id and landed.reason is null
)

select
    coalesce(sum(rows) filter (not is_live and not is_deleted), 0)::bigint as unknown_user_rows,
    coalesce(sum(rows) filter (is_deleted), 0)::bigint as deleted_user_rows,
    (select coalesce(sum(xp), 0)::hugeint from sums_by_day where user_key is null) as read_xp,
    (select coalesce(sum(microseconds), 0)::hugeint from sums_by_day where user_key is null) as read_microseconds,
    (select window_end from zone_windows where zone = $default_timezone) as default_window_end,
    coalesce(
        (select min(last_complete_date) from version.pulse_totals),
        (select last_complete_date from zone_windows where zone = $default_timezone)
    ) as complete_through,
    (
        select count(*)
        from version.users
        left join zones_in_force
            on
                users.user_id = zones_in_force.user_id
                and $newest_day::date >= zones_in_force.from_day
                and $newest_day::date < zones_in_force.until_day
        left join landed_users as landed on users.user_id = landed.user_id and landed.reason is null
        where
            list_has_any(string_split(landed.stream, ', '), $streams_with_timezones::varchar[])
            and not coalesce(zones_in_force.is_iana, false)
    ) as bad_zones,
    (select count(*) from landed_users where reason is null and is_deleted) as deleted_users
from sorted_out
