-- landed_users -> the numbers of learners who are shown.
-- reads: landed_users
-- makes: user_key
select user_key(user_id) as user_key from landed_users where reason is null and not is_deleted
