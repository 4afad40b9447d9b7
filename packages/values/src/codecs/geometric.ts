import type { Codec, TextSettings } from "../codec.ts";
import { Oid } from "../oids.ts";
import { float8Codec } from "./float.ts";
import { opaqueCodec } from "./opaque.ts";
import { ascii } from "./support.ts";

/** The texts of the float8 values from `start` on. */
function numbersOf(bytes: Buffer, start: number, settings: TextSettings): string[] {
  const texts: string[] = [];
  for (let at = start; at < bytes.length; at += 8) {
    texts.push(float8Codec.toText(bytes.subarray(at, at + 8), settings)?.toString("latin1") ?? "");
  }
  return texts;
}

/** The points `(x,y)` from `start` on. */
function pointsOf(bytes: Buffer, start: number, settings: TextSettings): string {
  const numbers = numbersOf(bytes, start, settings);
  const points: string[] = [];
  for (let at = 0; at < numbers.length; at += 2) points.push(`(${numbers[at]},${numbers[at + 1]})`);
  return points.join(",");
}

/** A shape of a fixed number of float8 values; PostgreSQL's `=` between shapes is nearness or area, which is no equality. */
function fixedShape(
  oid: number,
  name: string,
  size: number,
  show: (bytes: Buffer, settings: TextSettings) => string,
): Codec {
  return opaqueCodec({
    oid,
    name,
    textDependsOn: ["extraFloatDigits"],
    isValid: (bytes) => bytes.length === size,
    toText: (bytes, settings) => ascii(show(bytes, settings)),
  });
}

function circleText(bytes: Buffer, settings: TextSettings): string {
  const [x, y, radius] = numbersOf(bytes, 0, settings);
  return `<(${x},${y}),${radius}>`;
}

/** uint8 whether closed, int32 number of points, the points. */
const pathCodec: Codec = opaqueCodec({
  oid: Oid.path,
  name: "path",
  textDependsOn: ["extraFloatDigits"],
  isValid: (bytes) => bytes.length >= 5 && bytes.length === 5 + 16 * bytes.readInt32BE(1),
  toText(bytes, settings) {
    const points = pointsOf(bytes, 5, settings);
    return ascii(bytes[0] === 0 ? `[${points}]` : `(${points})`);
  },
});

/** int32 number of points, the points. */
const polygonCodec: Codec = opaqueCodec({
  oid: Oid.polygon,
  name: "polygon",
  textDependsOn: ["extraFloatDigits"],
  isValid: (bytes) => bytes.length >= 4 && bytes.length === 4 + 16 * bytes.readInt32BE(0),
  toText: (bytes, settings) => ascii(`(${pointsOf(bytes, 4, settings)})`),
});

export const GEOMETRIC_CODECS: readonly Codec[] = [
  fixedShape(Oid.point, "point", 16, (bytes, settings) => pointsOf(bytes, 0, settings)),
  fixedShape(Oid.lseg, "lseg", 32, (bytes, settings) => `[${pointsOf(bytes, 0, settings)}]`),
  fixedShape(Oid.box, "box", 32, (bytes, settings) => pointsOf(bytes, 0, settings)),
  fixedShape(Oid.line, "line", 24, (bytes, settings) => `{${numbersOf(bytes, 0, settings).join(",")}}`),
  fixedShape(Oid.circle, "circle", 24, circleText),
  pathCodec,
  polygonCodec,
];
