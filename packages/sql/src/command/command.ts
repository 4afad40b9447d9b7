/** Freshet's own statements, parsed. Option names and values are as written; their meaning is checked by the proxy. */
export type Command =
  | {
      readonly kind: "create-cache";
      readonly name: string | null;
      readonly concurrently: boolean;
      readonly ifNotExists: boolean;
      readonly options: readonly { readonly name: string; readonly value: string }[];
      /** A SELECT's text, or a query id as SHOW PROXIED QUERIES shows it. */
      readonly source:
        | { readonly kind: "select"; readonly text: string }
        | { readonly kind: "query-id"; readonly id: string };
    }
  | { readonly kind: "drop-cache"; readonly name: string; readonly ifExists: boolean }
  | { readonly kind: "drop-all-caches" }
  | { readonly kind: "show-caches" }
  | { readonly kind: "show-proxied-queries" }
  | { readonly kind: "show-status" }
  | {
      readonly kind: "explain-create-cache";
      readonly options: readonly { readonly name: string; readonly value: string }[];
      readonly source:
        | { readonly kind: "select"; readonly text: string }
        | { readonly kind: "query-id"; readonly id: string };
    }
  | { readonly kind: "explain-last-statement" };
