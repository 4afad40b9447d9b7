import { inspectStatement } from "./inspect-statement.ts";
import { type LexedLiteral, type LexedText, lexLiterals } from "./literal-lexer.ts";
import type { Literal, SelectShape, Slot, SlotItem, StatementInfo } from "./shape.ts";

/** Longer texts are parsed. */
const MAX_TEXT = 4096;
/** Each key stands for a text and what was made of it, which is several times as long. */
const MAX_CHARACTERS = 4 << 20;
const BEGINNING = /^[ \t\n\r\f\v]*(?:select|with|insert|update|delete)\b/i;
/** What holds numbers and strings as something else than constants, so that they shape more than values. */
const SHAPED_BY_LITERALS = /\b(?:float|json_table|xmltable|interval|bit|path|uescape)\b|\[/i;

/** Where a slot's item comes from: the text's literal of that index, or the words of the template itself. */
type ItemSource = { readonly literal: number; readonly negative: boolean } | { readonly item: SlotItem };

interface SlotSource {
  readonly slot: Slot;
  readonly items: readonly ItemSource[];
}

/** A position in the template's text: that many literals lie before it. */
interface Place {
  readonly at: number;
  readonly after: number;
}

interface Template {
  readonly info: StatementInfo;
  /** Null for a statement without a shape, whose literals are of no concern. */
  readonly shape: ShapeTemplate | null;
}

interface ShapeTemplate {
  readonly shape: SelectShape;
  readonly slots: readonly SlotSource[];
  readonly literals: readonly LexedLiteral[];
  readonly start: Place;
  readonly end: Place;
}

/** Of a key: which literals are not in slots, so that they belong to the shape; null: to be parsed each time. */
type Layout = readonly number[] | null;

/**
 * `inspectStatement` for texts that come again and again with other literals: the first one is parsed,
 * those that differ only in their slots' literals are derived from it. A text is taken only when each literal of a
 * slot was found again by the lexer; literals outside of slots must be equal.
 */
export class StatementTemplates {
  readonly #layouts: Remembered<Layout>;
  readonly #templates: Remembered<Template>;

  /** `capacity`: of how many keys; `characters`: in all keys together. */
  constructor(capacity: number, characters: number = MAX_CHARACTERS) {
    this.#layouts = new Remembered(capacity, characters);
    this.#templates = new Remembered(capacity, characters);
  }

  get size(): number {
    return this.#layouts.size + this.#templates.size;
  }

  /** Of all keys. */
  get characters(): number {
    return this.#layouts.characters + this.#templates.characters;
  }

  /** What `inspectStatement` says of the text; null when it is not of the kind that this is for. */
  inspect(text: string): StatementInfo | null {
    if (text.length > MAX_TEXT || !BEGINNING.test(text)) return null;
    const lexed = lexLiterals(text);
    if (lexed === null || lexed.literals.length === 0) return null;
    const layout = this.#layouts.get(lexed.key);
    if (layout === null) return null;
    if (layout === undefined) return this.#learn(text, lexed);
    const template = this.#templates.get(templateKey(lexed, layout));
    return template === undefined ? this.#learn(text, lexed) : instantiate(template, text, lexed.literals);
  }

  #learn(text: string, lexed: LexedText): StatementInfo | null {
    const info = inspectStatement(text);
    const template = templateOf(text, info, lexed);
    const layout = template === null ? null : fixedLiterals(template, lexed);
    this.#layouts.set(lexed.key, layout);
    if (template === null || layout === null) return null;
    this.#templates.set(templateKey(lexed, layout), template);
    return info;
  }
}

/** A bounded map that forgets all rather than to keep an order of use: what is in use is learnt again at once. */
class Remembered<V> {
  readonly #entries = new Map<string, V>();
  readonly #capacity: number;
  readonly #maxCharacters: number;
  #characters = 0;

  constructor(capacity: number, maxCharacters: number) {
    this.#capacity = capacity;
    this.#maxCharacters = maxCharacters;
  }

  get size(): number {
    return this.#entries.size;
  }

  get characters(): number {
    return this.#characters;
  }

  get(key: string): V | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: V): void {
    if (!this.#entries.has(key)) {
      if (this.#entries.size >= this.#capacity || this.#characters + key.length > this.#maxCharacters) {
        this.#entries.clear();
        this.#characters = 0;
      }
      this.#characters += key.length;
    }
    this.#entries.set(key, value);
  }
}

function templateKey({ key, literals }: LexedText, layout: readonly number[]): string {
  let whole = key;
  for (const index of layout) {
    const { text } = literals[index] as LexedLiteral;
    whole += `\u0006${text.length}:${text}`;
  }
  return whole;
}

function fixedLiterals({ shape }: Template, { literals }: LexedText): readonly number[] {
  if (shape === null) return [];
  const free = new Set<number>();
  for (const { items } of shape.slots) {
    for (const source of items) if ("literal" in source) free.add(source.literal);
  }
  return literals.flatMap((_, index) => (free.has(index) ? [] : [index]));
}

function templateOf(text: string, info: StatementInfo, { key, literals }: LexedText): Template | null {
  if ((info.kind !== "select" && info.kind !== "write") || SHAPED_BY_LITERALS.test(key)) return null;
  const { shape } = info;
  if (shape === null) return { info, shape: null };
  const start = text.indexOf(shape.text);
  if (start < 0 || text.slice(0, start).trim() !== "") return null;
  const slots: SlotSource[] = [];
  for (const slot of shape.slots) {
    const items = itemSources(slot, start, literals);
    if (items === null) return null;
    slots.push({ slot, items });
  }
  const place = (at: number): Place => ({ at, after: literals.filter((literal) => literal.end <= at).length });
  return { info, shape: { shape, slots, literals, start: place(start), end: place(start + shape.text.length) } };
}

/** Finds each literal of a slot among those of the text; null when they are not exactly the same. */
function itemSources(slot: Slot, origin: number, literals: readonly LexedLiteral[]): readonly ItemSource[] | null {
  const from = slot.start + origin;
  const to = slot.end + origin;
  let next = literals.findIndex((literal) => literal.start >= from);
  const sources: ItemSource[] = [];
  for (const item of slot.items) {
    if (item.kind === "literal" && (item.literal.kind === "boolean" || item.literal.kind === "null")) {
      sources.push({ item });
      continue;
    }
    const found = literals[next];
    if (item.kind !== "literal" || found === undefined || found.end > to) return null;
    const negative = isNegated(found, item.literal);
    if (negative === null) return null;
    sources.push({ literal: next, negative });
    next++;
  }
  const behind = next < 0 ? undefined : literals[next];
  return behind !== undefined && behind.start < to ? null : sources;
}

function isNegated(found: LexedLiteral, literal: Literal): boolean | null {
  if (found.kind !== literal.kind) return null;
  if (found.text === literal.text) return false;
  return found.kind !== "string" && `-${found.text}` === literal.text ? true : null;
}

function instantiate({ info, shape }: Template, text: string, literals: readonly LexedLiteral[]): StatementInfo {
  if (shape === null) return info;
  const { kind, pure, changesSchema, effects, normalized, queryId } = info;
  return { kind, shape: new DerivedShape(shape, text, literals), pure, changesSchema, effects, normalized, queryId };
}

/** The shape of one text; its slots and its statement's text are made when a cache or a list of queries asks for them. */
class DerivedShape implements SelectShape {
  readonly shapeKey: string;
  readonly parameterCount: number;
  readonly #template: ShapeTemplate;
  readonly #whole: string;
  readonly #literals: readonly LexedLiteral[];
  #slots: readonly Slot[] | null = null;
  #text: string | null = null;

  constructor(template: ShapeTemplate, whole: string, literals: readonly LexedLiteral[]) {
    this.shapeKey = template.shape.shapeKey;
    this.parameterCount = template.shape.parameterCount;
    this.#template = template;
    this.#whole = whole;
    this.#literals = literals;
  }

  get slots(): readonly Slot[] {
    this.#slots ??= this.#template.slots.map((source) => slotOf(this.#template, source, this.#literals));
    return this.#slots;
  }

  get text(): string {
    const { start, end } = this.#template;
    this.#text ??= this.#whole.slice(
      moved(this.#template, start.at, start.after, this.#literals),
      moved(this.#template, end.at, end.after, this.#literals),
    );
    return this.#text;
  }
}

function slotOf(template: ShapeTemplate, { slot, items }: SlotSource, literals: readonly LexedLiteral[]): Slot {
  const origin = template.start.at;
  const start = relative(template, slot.start + origin, literals);
  const end = relative(template, slot.end + origin, literals);
  const made = { role: slot.role, items: items.map((source) => itemOf(source, literals)), start, end };
  if (slot.listStart === undefined) return made;
  return { ...made, listStart: relative(template, slot.listStart + origin, literals) };
}

/** No literal lies before the statement, so its beginning stays where it was. */
function relative(template: ShapeTemplate, at: number, literals: readonly LexedLiteral[]): number {
  let after = 0;
  while (after < literals.length && (template.literals[after] as LexedLiteral).end <= at) after++;
  return moved(template, at, after, literals) - template.start.at;
}

/** Where the template's position `at`, behind the first `after` literals, lies in a text with these literals. */
function moved(template: ShapeTemplate, at: number, after: number, literals: readonly LexedLiteral[]): number {
  if (after === 0) return at;
  return at + (literals[after - 1] as LexedLiteral).end - (template.literals[after - 1] as LexedLiteral).end;
}

function itemOf(source: ItemSource, literals: readonly LexedLiteral[]): SlotItem {
  if ("item" in source) return source.item;
  const { kind, text } = literals[source.literal] as LexedLiteral;
  return { kind: "literal", literal: { kind, text: source.negative ? `-${text}` : text } };
}
