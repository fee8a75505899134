-- what Prisma's migrations write for SQLite; its native connector stores DateTime as integer milliseconds (prisma/orm#25948)
CREATE TABLE "User" ("id" TEXT NOT NULL PRIMARY KEY, "timezone" TEXT, "deletedAt" DATETIME);
CREATE TABLE "XpEvent" ("id" TEXT NOT NULL PRIMARY KEY, "userId" TEXT NOT NULL, "amount" INTEGER NOT NULL, "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP);
INSERT INTO "User"("id") VALUES ('u1'),('u2');
INSERT INTO "XpEvent" VALUES ('e1','u1',10,1793880600000),('e2','u1',5,1793880600999),('e3','u2',7,1793847600000),
 ('e4','u2',1,'2026-11-05 12:00:00');  -- raw SQL insert: the DEFAULT writes text into the same column
