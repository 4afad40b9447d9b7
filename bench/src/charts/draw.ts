import { loadThirdParty } from "../third-party.ts";

/** What is used of Vega. */
interface Vega {
  parse(spec: object): object;
  readonly View: new (runtime: object, options: { readonly renderer: "none" }) => { toSVG(): Promise<string> };
}

/** The picture that a Vega specification describes. */
export async function drawSvg(spec: object): Promise<string> {
  const vega = await loadThirdParty<Vega>("vega");
  if (typeof vega === "string") throw new Error(`no picture can be drawn: Vega is ${vega}`);
  return `${await new vega.View(vega.parse(spec), { renderer: "none" }).toSVG()}\n`;
}
