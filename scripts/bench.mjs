// `npm run bench`: builds and measures. Arguments after `npm run bench --` are the benchmark's (see --help).
import { setUp } from "./setup.mjs";

setUp();
await import("../bench/dist/main.js");
