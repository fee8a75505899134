-- version.landings, lake_landings, published_landings -> the landings made since the published version. One that a
-- night has found unchanged since then counts as made, because that night would have made it (R23).
-- reads: lake_landings, published_landings, version.landings
-- makes: stream, day, source_rows, foreign_duplicates, is_new_day
select
    landing.stream,
    landing.day,
    landing.source_rows,
    coalesce(lake.foreign_duplicates, landing.duplicates) as foreign_duplicates, -- the lake knows, or all are
    known.day is null as is_new_day
from version.landings as landing
left join lake_landings as lake on landing.stream = lake.stream and landing.day = lake.day
left join published_landings as known on landing.stream = known.stream and landing.day = known.day
where
    landing.extracted_at is distinct from known.extracted_at
    or coalesce(nullif(lake.night_at, '')::timestamptz > known.proven_at, lake.night_at <> '')
