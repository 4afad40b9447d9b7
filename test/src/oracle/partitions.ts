import type { SeededRandom } from "@freshet/base";
import { columnDefinitions, definition, type Identity, type TableFamily } from "./table-definition.ts";
import type { Column, Table } from "./schema.ts";

/** How rows are told apart: the clause of the table, and the bounds of its partitions. */
interface Division {
  readonly by: string;
  readonly bounds: readonly string[];
}

/** A partitioned table; one partition may have its columns in another order, one may be partitioned itself. */
export function partitions(random: SeededRandom, table: Table, identity: Identity): TableFamily {
  const column = table.key[0] ?? linkOf(table);
  const { by, bounds } = division(random, column);
  const leaves: Table[] = [];
  const statements = definition(table, identity, ` PARTITION BY ${by}`);
  bounds.forEach((bound, index) => {
    const leaf: Table = { ...table, name: `${table.name}_p${index + 1}`, feature: "one partition" };
    if (index === 0 && random.chance(0.5)) {
      const shuffled = { ...leaf, columns: random.shuffle(table.columns) };
      statements.push(
        `CREATE TABLE ${leaf.name} (${columnDefinitions(shuffled).join(", ")})`,
        `ALTER TABLE ${table.name} ATTACH PARTITION ${leaf.name} ${bound}`,
      );
      leaves.push(shuffled);
    } else if (index === 1 && random.chance(0.4)) {
      statements.push(
        `CREATE TABLE ${leaf.name} PARTITION OF ${table.name} ${bound} PARTITION BY HASH (${column.name})`,
      );
      for (const remainder of [0, 1]) {
        const below = { ...leaf, name: `${leaf.name}_${remainder}` };
        const rest = `FOR VALUES WITH (MODULUS 2, REMAINDER ${remainder})`;
        statements.push(`CREATE TABLE ${below.name} PARTITION OF ${leaf.name} ${rest}`);
        leaves.push(below);
      }
    } else {
      statements.push(`CREATE TABLE ${leaf.name} PARTITION OF ${table.name} ${bound}`);
      leaves.push(leaf);
    }
  });
  if (identity === "full" || identity === "full with key") {
    for (const leaf of leaves) statements.push(`ALTER TABLE ${leaf.name} REPLICA IDENTITY FULL`);
  }
  return {
    tables: [{ ...table, feature: "partitioned table" }, ...(random.chance(0.5) ? [random.pick(leaves)] : [])],
    // Most changes go through the parent: what does not belong into a partition is refused there.
    written: [table, table, table, random.pick(leaves)],
    statements,
  };
}

function linkOf(table: Table): Column {
  const link = table.columns.find(({ name }) => name === "link");
  if (link === undefined) throw new RangeError(`${table.name} has no column link`);
  return link;
}

function division(random: SeededRandom, column: Column): Division {
  const { name } = column;
  if (name === "link") {
    return { by: "LIST (link)", bounds: ["FOR VALUES IN (0, 1, NULL)", "FOR VALUES IN (2, 3)", "DEFAULT"] };
  }
  if (["num", "big", "sma"].includes(column.kind.id) && random.chance(0.6)) {
    return {
      by: `RANGE (${name})`,
      bounds: ["FOR VALUES FROM (MINVALUE) TO (10)", "FOR VALUES FROM (10) TO (25)", "DEFAULT"],
    };
  }
  const bound = (remainder: number): string => `FOR VALUES WITH (MODULUS 3, REMAINDER ${remainder})`;
  return { by: `HASH (${name})`, bounds: [0, 1, 2].map(bound) };
}
