import type { SchemaNews } from "../front/away-front.ts";
import type { ClientSource } from "../listener/client-source.ts";
import type { Siblings } from "../listener/siblings.ts";

/** The other processes of the same instance, where there are any. */
export interface Family extends Siblings {
  /** Tells whoever has the caches. */
  schemaNews(news: SchemaNews): void;
  /** Who accepts clients for all; null: each process listens itself. */
  readonly clients: ClientSource | null;
}
