/** One object per content: two connections that report the same have the same one. */
const known = new Map<string, WeakRef<object>>();
const forgotten = new FinalizationRegistry<string>((content) => {
  if (known.get(content)?.deref() === undefined) known.delete(content);
});

/** What a server connection has reported by ParameterStatus, by name. */
export class ReportedSettings {
  readonly #values: Map<string, string>;
  #content: object | null = null;

  constructor(values: ReadonlyMap<string, string>) {
    this.#values = new Map(values);
  }

  get values(): ReadonlyMap<string, string> {
    return this.#values;
  }

  set(name: string, value: string): void {
    this.#values.set(name, value);
    this.#content = null;
  }

  /** Stands for all names and values: the same object as long as, and wherever, they are the same. */
  get content(): object {
    this.#content ??= contentOf(this.#values);
    return this.#content;
  }
}

function contentOf(values: ReadonlyMap<string, string>): object {
  const text = JSON.stringify([...values].toSorted(([left], [right]) => (left < right ? -1 : 1)));
  const found = known.get(text)?.deref();
  if (found !== undefined) return found;
  const content = {};
  known.set(text, new WeakRef(content));
  forgotten.register(content, text);
  return content;
}
