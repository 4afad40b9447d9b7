// `npm run bench`: builds and measures. Arguments after `npm run bench --` are the benchmark's (see --help).
import { setUp } from "./setup.mjs";
import { installThirdParty } from "./third-party.mjs";

setUp();
installThirdParty();
await import("../bench/dist/main.js");
