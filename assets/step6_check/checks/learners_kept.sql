-- Not many fewer learners than in the version that readers get now.
-- table: users
-- compares: select count(*) from figures_compared where name = 'learners_kept'
-- way out: look at the sources and at the unpublished file, or let it through with --accept-shrink
-- let through by: accept_shrink
-- beside: a version before
-- reads: figures_compared
select example from figures_compared where name = 'learners_kept' and has_shrunk
