import { relations } from "drizzle-orm";
import {
  bigint,
  boolean,
  date,
  doublePrecision,
  integer,
  jsonb,
  numeric,
  pgTable,
  text,
  timestamp,
  uuid,
} from "drizzle-orm/pg-core";

/** What Drizzle is told of the tables of fixture.sql. */
export const item = pgTable("item", {
  id: integer().primaryKey(),
  name: text(),
  price: numeric({ precision: 10, scale: 2 }),
  tags: text().array(),
  doc: jsonb(),
  at: timestamp({ withTimezone: true, mode: "date" }),
  flag: boolean(),
  big: bigint({ mode: "bigint" }),
  ratio: doublePrecision(),
  uid: uuid(),
  day: date(),
});
export const scratch = pgTable("scratch", { id: integer().primaryKey(), v: text() });

export const itemRelations = relations(item, ({ many }) => ({ notes: many(scratch) }));
export const scratchRelations = relations(scratch, ({ one }) => ({
  item: one(item, { fields: [scratch.id], references: [item.id] }),
}));
