-- Years of the version before that are over for everybody and in which nothing is new, of the learners of one bucket
-- who are in both versions (R30).
-- reads: before.yearly_totals, kept_learners
-- takes: $first_key, $last_key, $open_year
-- makes: known.*
select known.*
from before.yearly_totals as known
semi join kept_learners on known.user_key = kept_learners.user_key
where known.user_key between $first_key and $last_key and known.year < $open_year
