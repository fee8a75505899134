-- version, lake_landings -> what an operator has let through: the quarantine, and a row for each foreign duplicate.
-- That row has no id.
-- reads: lake_landings, version.landings, version.quarantine
-- makes: stream, day, event_id, reason, row
with duplicates as (
    select lake.stream, lake.day, unnest(range(lake.foreign_duplicates))
    from lake_landings as lake
    semi join version.landings as landing on lake.stream = landing.stream and lake.day = landing.day
)

select stream, day, event_id, reason, row from version.quarantine
union all
select stream, day, null, 'duplicate', '{}' from duplicates
order by all
