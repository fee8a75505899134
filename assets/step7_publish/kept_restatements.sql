-- known_restatements, version -> what the lake keeps of restatements once $version is published.
-- reads: known_restatements, version.restatements
-- takes: $version
-- makes: user_id, activity_date, measure, old, new, version, reason
select user_id, activity_date, measure, old, new, version, reason from known_restatements
union all
select user_id, activity_date, measure, old, new, version, reason from version.restatements where version = $version
order by all
