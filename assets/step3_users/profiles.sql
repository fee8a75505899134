-- The learners as they landed -> the names that have a public page, and whose it is (docs/guide/embed.md). A name that
-- two live learners have gets no page, even if one of them is private. Other names without a page: one that looks empty
-- or is over 1 kB, and `.` and `..`, which no URL keeps. So is a name with a `/`, a line or paragraph separator, or a
-- control, format or private character. Format characters include bidirectional and zero-width ones. Also without a
-- page is a name with U+FFFD (what bad bytes become), U+FFFE or U+FFFF.
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
