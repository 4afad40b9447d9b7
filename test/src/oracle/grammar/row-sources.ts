import { kindById } from "../column-types.ts";
import { type Draft, type Form, keyOperands, type Operand } from "./draft.ts";
import type { FromItem } from "./from-item.ts";

const num = kindById("num");
const big = kindById("big");

/** A few rows written out, the first column an int4. */
export function valuesItem(draft: Draft, alias: string): FromItem {
  const { random } = draft;
  const { kind } = random.pick(random.pick(draft.schema.tables).columns);
  const rows = Array.from(
    { length: random.integer(1, 5) },
    () => `(${random.integer(0, 5)}, ${random.chance(0.2) ? "NULL" : draft.literal(kind)})`,
  );
  // The first row decides the type where it is not NULL.
  rows.unshift(`(${random.integer(0, 5)}, ${draft.literal(kind)})`);
  return {
    sql: `(VALUES ${rows.join(", ")}) AS ${alias}(link, x)`,
    operands: [
      { sql: `${alias}.link`, kind: num },
      { sql: `${alias}.x`, kind },
    ],
  };
}

/** A subquery that reads no table. */
export function constantItem(draft: Draft, alias: string): FromItem {
  const { random } = draft;
  const condition = random.pick(["", "", " WHERE false", " WHERE 1 < 2"]);
  return {
    sql: `(SELECT ${random.integer(0, 5)} AS link, generate_series(1, ${random.integer(0, 3)}) AS x${condition}) AS ${alias}`,
    operands: [
      { sql: `${alias}.link`, kind: num },
      { sql: `${alias}.x`, kind: num },
    ],
  };
}

/** Functions in FROM, side by side, with their rows' numbers. */
export function functionItem(draft: Draft, alias: string): FromItem {
  const { random } = draft;
  const step = random.pick(["", ", 2", ", 1"]);
  const series = `generate_series(${random.integer(0, 2)}, ${random.integer(2, 6)}${step})`;
  const operands: Operand[] = [{ sql: `${alias}.link`, kind: num }];
  const names = ["link"];
  let sql = series;
  if (random.chance(0.5)) {
    sql = `ROWS FROM (${series}, unnest('{3,NULL,2}'::int4[]))`;
    names.push("x");
    operands.push({ sql: `${alias}.x`, kind: num });
  }
  if (random.chance(0.5)) {
    sql += " WITH ORDINALITY";
    names.push("n");
    operands.push({ sql: `${alias}.n`, kind: big });
  }
  return { sql: `${sql} AS ${alias}(${names.join(", ")})`, operands };
}

interface SetForm extends Form {
  /** Undefined where the operand's type does not fit. */
  write(operand: Operand): Operand | undefined;
}

const setForms: readonly SetForm[] = [
  {
    feature: "generate_series",
    weight: 3,
    write: ({ sql, kind }) =>
      ["sma", "num", "big"].includes(kind.id)
        ? { sql: `generate_series(0, ${sql}::int8 % 3)`, kind: big }
        : { sql: "generate_series(1, 2)", kind: num },
  },
  {
    feature: "unnest",
    weight: 3,
    write: ({ sql, kind }) => (kind.id === "ids" ? { sql: `unnest(${sql})`, kind: num } : undefined),
  },
  {
    feature: "string_to_table",
    weight: 2,
    write: ({ sql, kind }) =>
      kind.family === "text" ? { sql: `string_to_table(${sql}, 'b')`, kind: kindById("txt") } : undefined,
  },
  {
    feature: "jsonb_object_keys",
    weight: 2,
    write: ({ sql, kind }) =>
      kind.id === "jso"
        ? {
            sql: `jsonb_object_keys(CASE WHEN jsonb_typeof(${sql}) = 'object' THEN ${sql} END)`,
            kind: kindById("txt"),
          }
        : undefined,
  },
  {
    feature: "jsonb_path_query",
    weight: 2,
    write: ({ sql, kind }) => (kind.id === "jso" ? { sql: `jsonb_path_query(${sql}, '$[*].*')`, kind } : undefined),
  },
  {
    feature: "jsonb_array_elements",
    weight: 2,
    write: ({ sql, kind }) =>
      kind.id === "jso"
        ? { sql: `jsonb_array_elements(CASE WHEN jsonb_typeof(${sql}) = 'array' THEN ${sql} END)`, kind }
        : undefined,
  },
];

/** A set-returning function of the select list. */
export function randomSet(draft: Draft, operands: readonly Operand[]): Operand {
  const { random } = draft;
  const form = draft.pick(setForms);
  const fitting = random.shuffle(keyOperands(random, operands)).flatMap((operand) => form.write(operand) ?? []);
  return fitting[0] ?? { sql: "generate_series(1, 2)", kind: num };
}

/** A column of a set-returning function of several columns, in the select list. */
export function randomSetColumn(draft: Draft, operands: readonly Operand[]): Operand {
  const { random } = draft;
  const documents = operands.filter(({ kind }) => kind.id === "jso");
  const document = documents.length === 0 ? undefined : random.pick(documents).sql;
  const object =
    document === undefined
      ? `'{"a": 1, "b": null}'::jsonb`
      : `CASE WHEN jsonb_typeof(${document}) = 'object' THEN ${document} END`;
  const [name, kind] = random.pick([
    ["jsonb_each", kindById("jso")],
    ["jsonb_each_text", kindById("txt")],
  ] as const);
  if (random.chance(0.5)) return { sql: `(${name}(${object})).value`, kind };
  return { sql: `(${name}(${object})).key`, kind: kindById("txt") };
}

/** Rows made of those before it in FROM. */
export function lateralRows(draft: Draft, alias: string, operands: readonly Operand[]): FromItem {
  const { random } = draft;
  const narrow = keyOperands(random, operands);
  if (draft.use("LATERAL VALUES", 0.3)) {
    const { kind } = random.pick(narrow);
    const same = narrow.filter((operand) => operand.kind === kind);
    const rows = Array.from({ length: random.integer(1, 3) }, () => `(${random.pick(same).sql})`);
    return { sql: `(VALUES ${rows.join(", ")}) AS ${alias}(x)`, operands: [{ sql: `${alias}.x`, kind }] };
  }
  const { sql, kind } = randomSet(draft, operands);
  const shown: Operand[] = [{ sql: `${alias}.x`, kind }];
  if (random.chance(0.5)) return { sql: `${sql} AS ${alias}(x)`, operands: shown };
  return { sql: `${sql} WITH ORDINALITY AS ${alias}(x, n)`, operands: [...shown, { sql: `${alias}.n`, kind: big }] };
}
