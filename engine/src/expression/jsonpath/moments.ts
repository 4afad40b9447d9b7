import { DEFAULT_TEXT_SETTINGS, Oid } from "@freshet/values";
import type { Codec } from "@freshet/values";
import { createCodecs } from "@freshet/values";
import { must } from "@freshet/base";
import { declined } from "../evaluation-error.ts";
import type { JsonItem, MomentType } from "./json-item.ts";
import { pathError } from "./path-error.ts";
import type { DatetimeMethod } from "./syntax.ts";

const CODECS = createCodecs([]);

type Moment = JsonItem & { readonly kind: "moment" };

/** The spellings that are read here; PostgreSQL takes a few more. */
const DATE = /^\d{4}-\d\d-\d\d$/;
const TIME = /^\d\d:\d\d:\d\d(\.\d{1,6})?$/;
const TIMESTAMP = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d{1,6})?)$/;

function codecOf(type: MomentType): Codec {
  const oids = {
    date: Oid.date,
    "time without time zone": Oid.time,
    "timestamp without time zone": Oid.timestamp,
  } as const;
  return must(CODECS.get(oids[type]), "a codec of moments");
}

/** A moment as JSON shows it, if the text is a value of the type. */
function momentOf(type: MomentType, text: string): Moment | undefined {
  const codec = codecOf(type);
  const bytes = codec.fromText(text, DEFAULT_TEXT_SETTINGS);
  const shown = bytes === undefined ? undefined : codec.toText(bytes, DEFAULT_TEXT_SETTINGS);
  return shown === undefined ? undefined : { kind: "moment", type, text: shown.toString("latin1").replace(" ", "T") };
}

function read(text: string): Moment {
  const stamp = TIMESTAMP.exec(text);
  let moment: Moment | undefined;
  if (DATE.test(text)) moment = momentOf("date", text);
  else if (TIME.test(text)) moment = momentOf("time without time zone", text);
  else if (stamp !== null) moment = momentOf("timestamp without time zone", `${stamp[1] ?? ""} ${stamp[2] ?? ""}`);
  // Out of range, with a zone, or in a spelling that is not followed here.
  if (moment === undefined || text.includes("24:") || text.includes(":60"))
    throw declined("this text as a moment of a jsonpath");
  return moment;
}

function notRecognized(method: DatetimeMethod, text: string): Error {
  return pathError("invalidDatetimeArgument", `${method} format is not recognized: "${text}"`);
}

/** `.datetime()`, `.date()`, `.time()`, `.timestamp()`. What is no moment for sure has no digit. */
export function toMoment(method: DatetimeMethod, item: JsonItem): Moment {
  if (item.kind !== "string") {
    throw pathError("invalidDatetimeArgument", `jsonpath item method .${method}() can only be applied to a string`);
  }
  const text = item.value;
  if (!/\d/.test(text)) throw notRecognized(method, text);
  const moment = read(text);
  const [day, time] = moment.text.split("T");
  switch (method) {
    case "datetime":
      return moment;
    case "date":
      if (moment.type === "time without time zone") throw notRecognized(method, text);
      return { ...moment, type: "date", text: must(day) };
    case "time":
      if (moment.type === "date") throw notRecognized(method, text);
      return { ...moment, type: "time without time zone", text: time ?? moment.text };
    case "timestamp":
      if (moment.type === "time without time zone") throw notRecognized(method, text);
      return {
        ...moment,
        type: "timestamp without time zone",
        text: time === undefined ? `${must(day)}T00:00:00` : moment.text,
      };
  }
}
