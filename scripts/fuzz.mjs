// `npm run fuzz -- --minutes 5`: sets up like `npm start`, then sends hostile input to all that reads from strangers.
import { setUp } from "./setup.mjs";

setUp();
await import("../test/dist/fuzz/main.js");
