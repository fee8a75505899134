-- The learners as they landed -> the names that have a public page, and whose it is (docs/guide/embed.md). A name that
-- two live learners hold is nobody's, also if one of them is private. What has no page: a name that looks empty, one
-- over 1 kB, `.` and `..`, which no URL keeps; and one with a `/`, a line or paragraph separator, a control, format
-- (bidirectional and zero-width among them) or private character, U+FFFD (what bad bytes become), U+FFFE or U+FFFF.
-- reads: landed_users
-- makes: name, user_id
with held as (
    select nfc_normalize(username) as name, user_id, is_public
    from landed_users
    where reason is null and not is_deleted and username is not null
),

with_one_holder as (
    select name, any_value(user_id) as user_id
    from held
    group by name
    having count(*) = 1 and bool_and(is_public)
)

select name, user_id
from with_one_holder
where
    regexp_matches(name, '[^\p{Z}]')
    and strlen(name) <= 1024
    and name not in ('.', '..')
    and not regexp_matches(name, '[/\p{Zl}\p{Zp}\p{C}\x{FFFD}-\x{FFFF}]')
