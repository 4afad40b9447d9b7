import type { Pitfall, PitfallProof } from "./pitfall.ts";

const listener = (name: string, test: string): PitfallProof => ({ file: `proxy/src/listener/${name}.test.ts`, test });
const authentication = (test: string): PitfallProof => ({
  file: "proxy/src/authentication/authentication.pg.test.ts",
  test,
});
const scram = (test: string): PitfallProof => ({ file: "proxy/src/authentication/scram.test.ts", test });
const upstream = (test: string): PitfallProof => ({ file: "proxy/src/upstream/upstream-tls.pg.test.ts", test });
const startup = (test: string): PitfallProof => ({ file: "packages/wire/src/startup/startup-packet.test.ts", test });

function area(name: string, rows: readonly Omit<Pitfall, "area">[]): readonly Pitfall[] {
  return rows.map((row) => ({ area: name, ...row }));
}

const encryption = area("Encryption", [
  {
    pitfall:
      "Plain text that waits behind SSLRequest or GSSENCRequest is taken for encrypted (CVE-2021-23214, CVE-2021-3935, CVE-2021-43766).",
    freshet: "Ends the connection, also where it declines the request.",
    proofs: [
      listener("client-tls.pg", "does not take plain text behind SSLRequest or GSSENCRequest for encrypted"),
      listener("faults.pg", "with bytes behind an encryption request is refused"),
    ],
  },
  {
    pitfall:
      "The same from the server, behind its answer (CVE-2021-23222); an error sent in the negotiation is believed (CVE-2024-10977).",
    freshet: "Anything but the one byte ends the connection to upstream; what it says is not shown.",
    proofs: [upstream("with bytes behind its answer"), upstream("with an error from nobody known")],
  },
  {
    pitfall: "GSSENCRequest is unknown and ends the connection; SSL after GSS, or GSS after SSL, does.",
    freshet: "Declines it; each request may come once, in any order.",
    proofs: [
      listener("faults.pg", "is told that encryption is not offered, in either order"),
      listener("client-tls.pg", "may follow a declined GSSENCRequest"),
    ],
  },
  {
    pitfall: "Direct TLS without ALPN lets a browser speak to the server.",
    freshet: "Asks for ALPN postgresql, as PostgreSQL does.",
    proofs: [listener("client-tls.pg", "that begins at once without ALPN, or with another, is refused")],
  },
  {
    pitfall: "The server's certificate is not verified unless somebody asks, or its name is not.",
    freshet:
      "sslmode as in libpq, with the system's authorities where none are named; revoked certificates are refused.",
    proofs: [upstream("verifies the authority, and with verify-full the host's name")],
  },
  {
    pitfall: "New certificates need a restart, and a half-written pair ends the service.",
    freshet: "Reads them again while clients are there; a pair that does not fit leaves the old one.",
    proofs: [listener("client-tls.pg", "takes new certificates without ending what is there")],
  },
]);

const versions = area("Protocol versions", [
  {
    pitfall:
      "Version 3.x is accepted silently, refused, or negotiated twice; `_pq_.` options are not reported; greased versions abort the client.",
    freshet:
      "NegotiateProtocolVersion once, first of all, with the options that are not known; relayed logins get upstream's own.",
    proofs: [authentication("newer ones and protocol options are negotiated once, at the beginning")],
  },
  {
    pitfall: "Cancel keys are taken for four bytes; from 3.2 on they have up to 256.",
    freshet: "Keys of any length both ways: the client's as its version allows, upstream's as it came.",
    proofs: [
      authentication("gets a cancel key of its length, whatever the upstream's is, and it cancels"),
      startup("may cancel with a key of %i bytes"),
    ],
  },
  {
    pitfall: "BackendKeyData names another process than pg_backend_pid().",
    freshet: "In mode session the process is the true one.",
    proofs: [authentication("gets a cancel key of its length, whatever the upstream's is, and it cancels")],
  },
]);

const cancelling = area("Cancel requests", [
  {
    pitfall: "A cancel request inside TLS is refused, or is sent on in plain text only.",
    freshet: "Taken inside TLS and outside; sent to upstream as sessions are.",
    proofs: [
      listener("client-tls.pg", "%s interrupts a query of an encrypted session"),
      upstream("carries sessions, cancel requests and Freshet's own connections"),
    ],
  },
  {
    pitfall: "A cancel request cannot interrupt what the proxy itself does.",
    freshet: "Interrupts Freshet's own statements, CREATE CACHE among them, and only for the right key.",
    proofs: [
      {
        file: "proxy/src/session/freshet-commands.pg.test.ts",
        test: "interrupts a command that runs in the %s protocol, and only that",
      },
      {
        file: "proxy/src/session/freshet-commands.pg.test.ts",
        test: "interrupts a read of a cache that is waited for, in the %s protocol",
      },
      { file: "proxy/src/caches/interruption.test.ts", test: "ends at its next step when it is cancelled" },
    ],
  },
  {
    pitfall: "With several processes a cancel request comes to one that does not know its key (PgBouncer #666).",
    freshet: "It is looked for in all processes of the instance, and passed on upstream when none has it.",
    proofs: [
      {
        file: "proxy/src/supervision/supervisor.test.ts",
        test: "cancel requests are looked for in all other processes, schema news told to them",
      },
      {
        file: "test/src/faults/restart.e2e.test.ts",
        test: "a session of the old process finishes its transaction, can be cancelled, and is only forwarded",
      },
    ],
  },
  {
    pitfall: "A client that vanishes leaves its query running.",
    freshet: "Cancels it.",
    proofs: [
      listener("faults.pg", "in mid-query has its statement cancelled and its upstream connection closed"),
      listener("faults.pg", "right behind its startup packet leaves no connection upstream"),
    ],
  },
]);

const hostile = area("Hostile clients", [
  {
    pitfall: "Startup packets in pieces, or with absurd lengths, are misread (CVE-2026-6664; PgDog, PgCat, Supavisor).",
    freshet: "PostgreSQL's limit of 10,000 bytes, checked before anything is kept; pieces may be of one byte.",
    proofs: [
      listener("faults.pg", "in pieces of one byte succeeds"),
      listener("faults.pg", "with an impossible length is refused"),
      startup("of length %i is refused at once"),
    ],
  },
  {
    pitfall: "A connection that says nothing holds its place for ever.",
    freshet: "A login that takes too long is ended, whatever its stage.",
    proofs: [
      listener("faults.pg", "that takes too long is ended"),
      authentication("is ended in time, in its handshake as in its login"),
    ],
  },
  {
    pitfall: "Too many clients, or too many tries at a password, bring the server down.",
    freshet:
      "53300 beyond the limit; an address with too many failed logins is refused for a while, and what is remembered is bounded.",
    proofs: [
      listener("faults.pg", "beyond the limit of connections gets 53300"),
      authentication("is refused for a while"),
      listener("login-failures", "of more addresses than are remembered take no more memory"),
    ],
  },
  {
    pitfall: "Random bytes crash or hang the process (`npm run fuzz`).",
    freshet: "An answer or a protocol violation, in bounded steps and memory.",
    proofs: [
      { file: "test/src/fuzz/fuzz.test.ts", test: "brings an answer or a protocol violation" },
      listener("faults.pg", "random bytes never stop the process"),
    ],
  },
]);

const login = area("Authentication", [
  {
    pitfall: "The auth query ignores VALID UNTIL (CVE-2025-2291).",
    freshet: "The default query gives no secret that has expired.",
    proofs: [authentication("lets in who knows the password, and logs in upstream with what it has learnt")],
  },
  {
    pitfall:
      "A search_path of the client's startup packet reaches the auth query, whose names are not qualified (CVE-2025-12819).",
    freshet:
      "Asks on a connection of its own with an empty search_path, with qualified names and the user as a parameter.",
    proofs: [authentication("an auth query is not led astray by names in front of the catalog's")],
  },
  {
    pitfall: "Keys learnt from a SCRAM exchange outlive the password (PgBouncer #1432, #1504).",
    freshet: "The next login teaches the new ones, and failures with the old ones are forgotten at once.",
    proofs: [
      {
        file: "proxy/src/pool/changed-password.pg.test.ts",
        test: "a changed password ends what was learnt of the old one, and is learnt at the next login",
      },
    ],
  },
  {
    pitfall:
      "Rules by role or host name are guessed, skipped when nobody can be asked, or believe whoever owns an address.",
    freshet:
      "Roles are what upstream says at that login, else nobody is let in; a host's name counts when it leads back to the address.",
    proofs: [
      {
        file: "proxy/src/authentication/hba-file.test.ts",
        test: "let nobody past a rule when they cannot be asked for",
      },
      {
        file: "proxy/src/authentication/hba-file.test.ts",
        test: "are not believed when somebody has only given their address that name",
      },
      authentication(
        "know who is a member of a role, also by way of another; a superuser is so only where it has been made one",
      ),
    ],
  },
  {
    pitfall: "Which users exist can be told from the answers.",
    freshet:
      "An unknown user goes through the same exchange, with a salt that stays the same, and gets the same error.",
    proofs: [authentication("lets in who knows the password, and logs in upstream with what it has learnt")],
  },
  {
    pitfall: "No channel binding: `channel_binding=require` fails (PgBouncer #522), or a downgrade passes.",
    freshet: "SCRAM-SHA-256-PLUS where Freshet ends TLS and authenticates; a downgrade is refused.",
    proofs: [
      authentication("SCRAM is bound to the channel"),
      scram("checks what the channel is bound to"),
      scram("a downgrade"),
    ],
  },
  {
    pitfall: "A relayed login offers channel binding that cannot succeed, since TLS ends in between.",
    freshet: "Does not offer it; a client that would be refused upstream is told why.",
    proofs: [upstream("says why a client that could bind its channel is not let in")],
  },
  {
    pitfall: "SCRAM messages with odd nonces or sizes overflow something (CVE-2026-6665).",
    freshet: "Refuses them.",
    proofs: [scram("of random messages is refused, and nothing else happens"), scram("refuses %s")],
  },
  {
    pitfall: "A server that does not know the password passes for upstream.",
    freshet: "Its SCRAM signature is checked before anything else is believed.",
    proofs: [scram("fails with a wrong password, and with a server that does not know it")],
  },
  {
    pitfall: "Passwords in the log.",
    freshet: "None, nor hashes or verifiers, at any level.",
    proofs: [authentication("Neither the passwords nor what PostgreSQL holds of them may be in the log")],
  },
]);

/** From accept() to the first ReadyForQuery. */
export const loginPitfalls: readonly Pitfall[] = [...encryption, ...versions, ...cancelling, ...hostile, ...login];
