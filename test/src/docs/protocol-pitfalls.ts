import type { Pitfall, PitfallProof } from "./pitfall.ts";

const shared = (test: string): PitfallProof => ({ file: "proxy/src/pool/protocol-pitfalls.pg.test.ts", test });
const relayed = (test: string): PitfallProof => ({ file: "proxy/src/session/relay.pg.test.ts", test });
const extended = (test: string): PitfallProof => ({ file: "proxy/src/session/extended-protocol.pg.test.ts", test });
const bounded = (test: string): PitfallProof => ({ file: "proxy/src/session/bounded-memory.pg.test.ts", test });
const broken = (test: string): PitfallProof => ({ file: "proxy/src/listener/broken-upstream.test.ts", test });

const rows: readonly Omit<Pitfall, "area">[] = [
  {
    pitfall: "FunctionCall is not known, and the client waits for ever (libpq's large objects use it).",
    freshet: "Ends its segment as a Query does, on a connection of one's own and on a shared one.",
    proofs: [
      relayed("is relayed and ends its segment"),
      shared("is answered, also when it fails or ends a pipeline, and gives the connection back"),
    ],
  },
  {
    pitfall: "ReadyForQuery of the proxy's own says that all is well within a transaction block, or a failed one.",
    freshet: "Says what the server's last one said; in a failed block nothing is answered from a cache.",
    proofs: [shared("is in every ReadyForQuery, also of what Freshet answers itself")],
  },
  {
    pitfall:
      "Notices, notifications and ParameterStatus between rows, in pipelines or while idle are lost or go to another client.",
    freshet: "They go to the client that has the connection, at the place where they came.",
    proofs: [
      shared("come between rows and in pipelines, at their place, to the client whose statement brings them"),
      shared("of LISTEN reach their client while it is idle, and no other"),
      relayed("reach the client while it is idle"),
    ],
  },
  {
    pitfall:
      "Sync within COPY is waited for, CopyFail ends the connection, an error while the client still sends confuses what follows.",
    freshet: "Follows the server: Sync is ignored while it copies, and a COPY that failed is over with its error.",
    proofs: [
      shared("that the client gives up, or in whose middle it sends Sync, is over with its error"),
      relayed("works in the extended protocol, ignoring Sync and Flush while it lasts"),
      relayed("that fails leaves the session usable"),
    ],
  },
  {
    pitfall: "Both ends wait in a write for each other (full-duplex deadlock).",
    freshet: "Reads either side while the other can take what comes.",
    proofs: [shared("whose server answers while the client still sends goes on both ways")],
  },
  {
    pitfall: "A client that does not read makes the proxy grow, or stops other clients.",
    freshet: "Its server connection is not read either, and nobody else waits for it.",
    proofs: [
      bounded("COPY to a client that reads slowly is held back upstream"),
      bounded("statements that are never read the answers of are held back"),
      shared("holds its own connection and nobody else's time"),
    ],
  },
  {
    pitfall: "Large messages are put together in memory, or are refused.",
    freshet: "Pass in pieces, with bounded memory.",
    proofs: [bounded("one row of any size passes in pieces"), bounded("one statement of any size passes in pieces")],
  },
  {
    pitfall: "Only the first of several messages in one chunk is seen, or one that comes in many chunks is misread.",
    freshet: "Reads messages by their headers, wherever chunks end.",
    proofs: [shared("are the same to the server")],
  },
  {
    pitfall:
      "Two errors for one statement, or none; an ErrorResponse without SQLSTATE ends the process (CVE-2026-6666).",
    freshet: "One error for each that the server sent, as it came.",
    proofs: [
      broken("an error without SQLSTATE is relayed as it came, and the session goes on"),
      extended("skips to Sync after an upstream error, with all that was answered here"),
    ],
  },
  {
    pitfall:
      "default_transaction_read_only of one client holds for others; `options` with escapes, an empty application_name or a client_encoding by another name are misread.",
    freshet: "Startup parameters are the server's to read; what one client set is another's in no case.",
    proofs: [
      shared("that forbid writes, or rename it to nothing, are no other's"),
      shared("may be in its startup packet, with spaces and quotes in them"),
    ],
  },
  {
    pitfall:
      "DISCARD ALL within a transaction block or a pipeline, which the server refuses, is followed all the same.",
    freshet: "Follows the server's CommandComplete, not the text.",
    proofs: [shared("that the server refuses, in a block or behind another statement of a pipeline, drops nothing")],
  },
  {
    pitfall: "A storm of cancel requests takes all of the server's connections.",
    freshet: "A bounded number is passed on at a time; the others wait.",
    proofs: [
      {
        file: "proxy/src/upstream/upstream-server.test.ts",
        test: "a storm of cancel requests opens a bounded number of connections, and all get through",
      },
    ],
  },
  {
    pitfall: "TLS records of more than 8 kB stop libpq's asynchronous clients.",
    freshet: "Sends none that are larger than PostgreSQL's.",
    proofs: [
      { file: "proxy/src/listener/client-tls.pg.test.ts", test: "sends no larger records than PostgreSQL does" },
    ],
  },
  {
    pitfall: "The admin console's commands need no authorisation (CVE-2026-6667), or no driver can speak to it.",
    freshet: "Only admin_users may do anything there; simple and extended protocol.",
    proofs: [
      { file: "proxy/src/pool/pools.pg.test.ts", test: "is for administrators" },
      { file: "proxy/src/pool/pools.pg.test.ts", test: "speaks the extended protocol, too" },
    ],
  },
];

export const protocolPitfalls: readonly Pitfall[] = rows.map((row) => ({ area: "Protocol", ...row }));
