-- Not much less XP on a date of the last week of the version that readers get now.
-- table: daily_activity
-- compares: select count(*) from figures_compared where name = 'xp_of_last_week_kept'
-- way out: look at the sources and at the unpublished file, or let it through with --accept-shrink
-- let through by: accept_shrink
-- beside: a version before
-- reads: figures_compared
select example from figures_compared where name = 'xp_of_last_week_kept' and has_shrunk
