import type { SeededRandom } from "@freshet/base";
import { kindById } from "./column-types.ts";
import type { ColumnKind } from "./column-types.ts";
import { inheritance } from "./inheritance.ts";
import { partitions } from "./partitions.ts";
import type { Column, Table } from "./schema.ts";
import { definition, type Identity, type TableFamily } from "./table-definition.ts";

const keyKinds = ["num", "num", "big", "txt", "dec", "uid", "sma", "day", "var", "flo", "chr"] as const;

/** A table with some of the kinds `shared`; it may have partitions, or one that inherits from it. */
export function randomFamily(random: SeededRandom, name: string, shared: readonly ColumnKind[]): TableFamily {
  const identity: Identity = random.pick([
    "primary key",
    "primary key",
    "primary key",
    "unique index",
    "full",
    "full with key",
  ]);
  const table = randomTable(random, name, shared, identity);
  const dice = random.float();
  if (identity !== "unique index" && dice < 0.2) return partitions(random, table, identity);
  if (dice > 0.85) return inheritance(random, table, identity);
  return { tables: [table], written: [table], statements: definition(table, identity) };
}

function randomTable(random: SeededRandom, name: string, shared: readonly ColumnKind[], identity: Identity): Table {
  const key = identity === "full" ? [] : randomKey(random);
  const columns: Column[] = [...key];
  for (const kind of random.shuffle(shared).slice(0, random.integer(2, 6))) {
    columns.push({ name: `${kind.id}_c`, kind, nullable: random.chance(0.85) });
  }
  // Every table can be joined and summed by this one.
  columns.push({ name: "link", kind: kindById("num"), nullable: true });
  const wide: Column | undefined = random.chance(0.4)
    ? { name: "wide", kind: kindById("txt"), nullable: true }
    : undefined;
  if (wide !== undefined) columns.push(wide);
  if (random.chance(0.3)) columns.push(randomGenerated(random, columns));
  const ordered = random.chance(0.3) ? random.shuffle(columns) : columns;
  const feature = columns.some(({ generated }) => generated !== undefined) ? "generated column" : "table";
  return { name, feature, columns: ordered, key, wide };
}

/** A column computed of another one, in a way that cannot fail. */
function randomGenerated(random: SeededRandom, columns: readonly Column[]): Column {
  const base = random.pick(columns.filter(({ name }) => name !== "wide"));
  const own = (kind: string, expression: string): Column => ({
    name: `${kind}_g`,
    kind: kindById(kind),
    nullable: true,
    generated: expression,
  });
  if (["sma", "num"].includes(base.kind.id)) return own("big", `${base.name}::int8 * 3 + 1`);
  if (base.kind.family === "text") return own("txt", `coalesce(${base.name}, '?') || '!'`);
  return own("boo", `${base.name} IS NULL`);
}

function randomKey(random: SeededRandom): Column[] {
  const first: Column = { name: "id", kind: kindById(random.pick(keyKinds)), nullable: false };
  if (random.chance(0.65)) return [first];
  return [first, { name: "part", kind: kindById(random.pick(keyKinds)), nullable: false }];
}
