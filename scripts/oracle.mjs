// `npm run oracle -- --steps 50000`: sets up like `npm start`, then compares random queries with PostgreSQL until the steps are done.
import { setUp } from "./setup.mjs";

setUp();
await import("../test/dist/oracle/main.js");
