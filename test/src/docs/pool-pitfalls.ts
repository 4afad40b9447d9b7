import type { Pitfall, PitfallProof } from "./pitfall.ts";

const pitfallTest = (test: string): PitfallProof => ({ file: "proxy/src/pool/pitfalls.pg.test.ts", test });
const pools = (test: string): PitfallProof => ({ file: "proxy/src/pool/pools.pg.test.ts", test });
const many = { file: "proxy/src/pool/shared-sessions.pg.test.ts", test: "each sees its own state alone" };
const replay = {
  file: "proxy/src/pool/settings-replay.test.ts",
  test: "quoted so that no other setting changes its meaning",
};

const rows: readonly Omit<Pitfall, "area">[] = [
  {
    pitfall: "Flush is taken for Sync, or dropped: the client waits for ever.",
    freshet: "Relays what the server sends after Flush; the connection stays with the client until Sync.",
    proofs: [pitfallTest("answer Flush without waiting for Sync")],
  },
  {
    pitfall: "A connection is given back at the first ReadyForQuery while more Syncs are under way.",
    freshet: "Gives it back when every response has come.",
    proofs: [pitfallTest("are kept until every Sync that was sent has been answered")],
  },
  {
    pitfall: "The proxy waits for a ReadyForQuery that never comes, of a Query that the server skips.",
    freshet: "Drops what is skipped up to Sync from what it expects.",
    proofs: [pitfallTest("do not wait for a ReadyForQuery that a skipped Query never brings")],
  },
  {
    pitfall: "A ParseComplete of the proxy's own is missing, early, late, or sent after an error.",
    freshet: "Local answers wait for their turn in the pipeline, and go with a failed segment.",
    proofs: [pitfallTest("at its place in the pipeline")],
  },
  {
    pitfall: "A Parse that failed stays in the proxy's cache, and the next Bind fails with 26000.",
    freshet: "A name counts as prepared on a server when ParseComplete has come.",
    proofs: [pitfallTest("forget a Parse that failed")],
  },
  {
    pitfall:
      "In a pipeline a name is looked up while what changed it may still be skipped: another statement runs, or a name is taken that is free.",
    freshet:
      "Waits until it is known what stands behind the name; what is taken back later leaves newer entries alone.",
    proofs: [
      pitfallTest("know which names stand behind %s and is yet to be answered"),
      pitfallTest("skip the Describe of a statement that is still being parsed, behind an error"),
      {
        file: "proxy/src/session/named-entries.test.ts",
        test: "stand when only what they took the place of is taken back",
      },
    ],
  },
  {
    pitfall: "The Close that makes room overtakes a Bind of the same statement, or is lost behind an error.",
    freshet:
      "Close goes in the same stream, behind what uses the statement; skipped after an error, it is sent again before that name is parsed.",
    proofs: [pitfallTest("prepare again what had to make room, also within one pipeline")],
  },
  {
    pitfall:
      "A client goes away between Parse and Sync, in mid-message, in a transaction or in a COPY: the next client gets the rest.",
    freshet:
      "Such a connection is closed; one with an open transaction and nothing under way is rolled back and reset.",
    proofs: [
      pitfallTest("are not handed on as a client left them that went away"),
      pools("cleans a connection whose client left something behind"),
      many,
    ],
  },
  {
    pitfall: "DEALLOCATE, DEALLOCATE ALL and DISCARD ALL are not seen.",
    freshet: "All are followed; EXECUTE and DEALLOCATE find a remapped statement by the client's name.",
    proofs: [pitfallTest("understand DEALLOCATE and DISCARD")],
  },
  {
    pitfall: "A duplicate or unknown statement name ends the connection.",
    freshet: "An error, 42P05 or 26000, as PostgreSQL's.",
    proofs: [pitfallTest("refuse a name that is taken or unknown with an error alone")],
  },
  {
    pitfall: "The unnamed statement is lost, or another client's, when Bind comes after a Sync.",
    freshet: "It is parsed again on the connection that the client has then.",
    proofs: [pitfallTest("keep the unnamed statement across Sync, each client its own")],
  },
  {
    pitfall: "A shared statement ignores search_path, role or TimeZone of who uses it; after DDL it fails for ever.",
    freshet: "Statements are named after text, types and settings; after 0A000 they are prepared anew.",
    proofs: [many, pools("prepares statements anew after DDL has changed what they give")],
  },
  {
    pitfall: "A connection is given back while a portal is suspended; closing its statement closes it.",
    freshet: "The connection stays with the transaction; Close of a statement touches no portal.",
    proofs: [pitfallTest("are kept while a portal is suspended, whose statement may be closed")],
  },
  {
    pitfall: "After a COPY has failed, late CopyData and CopyDone confuse the next user of the connection.",
    freshet: "They are dropped once the connection has been given back.",
    proofs: [pitfallTest("swallow what still comes of a COPY that has failed")],
  },
  {
    pitfall:
      "Settings leak to other clients, are replayed with wrong quoting, or RESET goes to the server's value in place of the client's.",
    freshet:
      "What a session has set is asked of the server when its transaction ends and put in force by set_config; startup parameters go into the server's startup packet.",
    proofs: [many, replay, pools("takes what a client asked for at its beginning for what RESET goes back to")],
  },
  {
    pitfall: "Settings are sent anew with each transaction, though nothing has changed (PgBouncer #879).",
    freshet: "What a connection has in force is known; where nothing differs nothing is sent.",
    proofs: [{ file: "proxy/src/pool/settings-replay.test.ts", test: "is nothing where nothing differs" }],
  },
  {
    pitfall: "The client is not told of ParameterStatus, or of another client's.",
    freshet:
      "What the server reports while settings are put in force stays inside; the client hears of what is new to it.",
    proofs: [pitfallTest("tell the client of every value that is new to it")],
  },
  {
    pitfall:
      "Session state that cannot move (temporary tables, advisory locks, LISTEN, cursors WITH HOLD, PREPARE) is lost or leaks.",
    freshet: "It keeps the client on its connection until it is gone; SHOW CLIENTS says why.",
    proofs: [pools("keeps the connection, and the reason can be seen, until it is gone")],
  },
  {
    pitfall: "A cancel request reaches the server when it works for another client.",
    freshet:
      "It is passed on only while the client's own statement runs, and the connection goes to nobody else before the server has closed the request's connection.",
    proofs: [pools("interrupts the client's own statement alone")],
  },
  {
    pitfall: "A dead connection is handed out.",
    freshet:
      "An idle connection that ends, or on which something unasked for comes, leaves the pool; after server_check_delay it is tried out first.",
    proofs: [pools("a server connection that has died is not handed out")],
  },
  {
    pitfall: "A cached answer is given by the settings of another session that has the connection.",
    freshet: "What decides hits is known per client, not per connection.",
    proofs: [pitfallTest("do not confuse what decides hits: facts are the client's")],
  },
];

export const poolPitfalls: readonly Pitfall[] = rows.map((row) => ({ area: "Pooling", ...row }));
