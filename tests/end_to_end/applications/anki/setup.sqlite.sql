-- Anki's collection: of one learner; a review's id is when it happened, in milliseconds; time is how long it took
CREATE TABLE revlog (id integer PRIMARY KEY, cid integer NOT NULL, usn integer NOT NULL, ease integer NOT NULL,
    ivl integer NOT NULL, lastIvl integer NOT NULL, factor integer NOT NULL, time integer NOT NULL, type integer NOT NULL);
INSERT INTO revlog VALUES
    (1793880600000, 7, -1, 3, 10, 5, 2500, 12000, 1),   -- good
    (1793880620000, 8, -1, 1, -60, 5, 2300, 8000, 1),   -- again: not known
    (1793880640000, 8, -1, 2, -60, 5, 2300, 5500, 2),
    (1793880700000, 9, -1, 0, 10, 5, 2500, 0, 4);       -- rescheduled by hand, no answer
