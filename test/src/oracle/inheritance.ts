import type { SeededRandom } from "@freshet/base";
import { kindById } from "./column-types.ts";
import { definition, type Identity, type TableFamily } from "./table-definition.ts";
import type { Column, Table } from "./schema.ts";

/** A table and one that inherits from it, with a column more; keys hold in each by itself. */
export function inheritance(random: SeededRandom, parent: Table, identity: Identity): TableFamily {
  const extra: Column = { name: "num_x", kind: kindById("num"), nullable: true };
  const child: Table = {
    ...parent,
    name: `${parent.name}_child`,
    feature: "table that inherits",
    columns: [...parent.columns, extra],
  };
  // Only what the parent lacks stands in the child's list of columns.
  const own = { ...child, columns: [extra] };
  const statements = [...definition(parent, identity), ...definition(own, identity, ` INHERITS (${parent.name})`)];
  return {
    tables: [{ ...parent, feature: "inheritance" }, ...(random.chance(0.5) ? [child] : [])],
    written: [parent, child],
    statements,
  };
}
