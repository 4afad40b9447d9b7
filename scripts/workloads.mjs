// `npm run workloads`: sets up like `npm start`, then caches TPC-H, NEXMark and a social-news site and compares every answer with PostgreSQL's.
import { setUp } from "./setup.mjs";

setUp();
await import("../test/dist/workloads/main.js");
