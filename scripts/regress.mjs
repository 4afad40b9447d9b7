// `npm run regress`: sets up like `npm start`, then runs PostgreSQL's own regression suite directly and through Freshet and compares.
import { setUp } from "./setup.mjs";

setUp();
await import("../test/dist/regress/main.js");
