-- The stretches of UTC days that lie on one local date of a learner, by the zone in force on each day (R3, R5). With
-- one zone they are the date from midnight to midnight. After a move a date may have a gap, or be longer than a day.
-- reads: local_dates, zone_records
-- takes: $asked_date, $default_timezone
-- makes: day, zone, from_utc, until_utc
select
    local_dates.day,
    coalesce(known.zone, $default_timezone) as zone,
    local_dates.from_utc,
    local_dates.until_utc
from local_dates
left join zone_records as known
    on local_dates.day >= known.from_day and local_dates.day < known.until_day
where
    local_dates.zone_number = coalesce(known.zone_number, 0)
    and local_dates.activity_date = $asked_date::date
