-- zone_segments -> for each zone the window of 365 dates (R11) and the last date that is over, at $data_through.
-- reads: zone_segments
-- takes: $data_through
-- makes: zone, window_start, window_end, last_complete_date
with ends as (
    select
        last.zone,
        ($data_through - interval 1 microsecond + last.utc_offset)::date as window_end,
        ($data_through + coming.utc_offset)::date - 1 as last_complete_date
    from zone_segments as last
    inner join zone_segments as coming on last.zone = coming.zone
    where
        last.from_utc < $data_through and last.until_utc >= $data_through
        and coming.from_utc <= $data_through and coming.until_utc > $data_through
)

select zone, window_end - 364 as window_start, window_end, last_complete_date from ends
