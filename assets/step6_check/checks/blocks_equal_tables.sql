-- What is packed for look-ups says what the tables say (R13).
-- table: pulse_blocks
-- compares: select count(*) from stored_blocks
-- reads: packed_again, stored_blocks
--
-- A part of the version is packed once more: another one with every version, because what differs in one place would
-- differ in many.
with different as (
    (
        select * from packed_again
        except all
        select * from stored_blocks
    )
    union all
    (
        select * from stored_blocks
        except all
        select * from packed_again
    )
)

select 'block ' || block as example from different
