// `npm start`: from a fresh clone to a running demo. Arguments after `npm start --` are Freshet's options.
import { setUp } from "./setup.mjs";

setUp();
await import("../proxy/dist/demo.js");
