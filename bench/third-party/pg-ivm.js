export { PGlite } from "@electric-sql/pglite";
export { pg_ivm as extension } from "@electric-sql/pglite-pg_ivm";
