import { DEFAULT_TEXT_SETTINGS } from "@freshet/values";
import { type ElementType, elementTypeOf } from "./array-changes.ts";
import { declined } from "../evaluation-error.ts";
import type { FunctionBuilder, NullableBuilder } from "./scalar-function.ts";

/** The elements as their output function prints them, of all dimensions in order; NULLs as `nullText`, or not at all. */
function joined(type: ElementType, array: Buffer, separator: string, nullText: string | null): string {
  const texts = type.read(array).elements.map((element) => {
    if (element === null) return nullText;
    const text = type.codec.toText(element, DEFAULT_TEXT_SETTINGS);
    if (text === undefined) throw declined("an element's text");
    return text.toString("utf8");
  });
  return texts.filter((text) => text !== null).join(separator);
}

/** `array_to_string`; plans call it for elements only whose text form is the same in every session. */
export const ARRAY_TO_TEXT: Readonly<Record<string, FunctionBuilder>> = {
  array_to_text: (argTypes, codecs) => {
    const type = elementTypeOf(argTypes[0], codecs);
    return type && ((array: Buffer, separator: string) => joined(type, array, separator, null));
  },
};

export const NULLABLE_ARRAY_TO_TEXT: Readonly<Record<string, NullableBuilder>> = {
  array_to_text_null: (argTypes, codecs) => {
    const type = elementTypeOf(argTypes[0], codecs);
    if (type === undefined) return undefined;
    return (array: Buffer | null, separator: string | null, nullText: string | null) => {
      return array === null || separator === null ? null : joined(type, array, separator, nullText);
    };
  },
};
