// `npm run drivers`: sets up like `npm start`, then runs every driver's scenarios directly and through Freshet and compares.
import { setUp } from "./setup.mjs";

setUp();
await import("../test/dist/drivers/main.js");
