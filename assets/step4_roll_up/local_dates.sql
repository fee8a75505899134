-- Zone segments -> the stretches of the UTC days in `wanted_days` that lie on one local date, by zone (R5). A UTC day
-- is divided only by a local midnight or a change of offset. So a zone has one to three stretches, and one join dates
-- whatever happened on the day.
-- reads: wanted_days, zone_numbers, zone_segments
-- makes: zone_number, day, activity_date, from_utc, until_utc
with days_by_offset as (
    select
        zone_numbers.zone_number,
        wanted_days.day,
        segment.utc_offset,
        greatest(segment.from_utc, wanted_days.day::timestamp) as from_utc,
        least(segment.until_utc, wanted_days.day::timestamp + interval 1 day) as until_utc
    from zone_numbers
    inner join zone_segments as segment on zone_numbers.zone = segment.zone
    inner join wanted_days
        on
            segment.from_utc < wanted_days.day::timestamp + interval 1 day
            and segment.until_utc > wanted_days.day::timestamp
),

-- With one offset a UTC day reaches into two dates at most.
dated as (
    select *, (from_utc + utc_offset)::date + unnest([0, 1]) as activity_date
    from days_by_offset
),

clipped as (
    select
        * replace (
            greatest(from_utc, activity_date::timestamp - utc_offset) as from_utc,
            least(until_utc, activity_date::timestamp + interval 1 day - utc_offset) as until_utc
        )
    from dated
)

select zone_number, day, activity_date, from_utc, until_utc
from clipped
where from_utc < until_utc
