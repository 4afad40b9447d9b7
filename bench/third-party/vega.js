export { parse, View } from "vega";
