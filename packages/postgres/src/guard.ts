import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";

/**
 * Cleans up after this process if it dies without doing so itself, however it dies: a shell waits for the end of its
 * standard input, which comes with our death, and then runs a script.
 */
export interface Guard {
  /** To be called when there is nothing left to clean up. */
  dismiss(): void;
}

/**
 * Ends the server whose process id is in file $1 with signal $2, waits until it has given up its data, and removes the
 * folders that follow.
 */
const endServer = `
cat >/dev/null
pid=$(cat "$1" 2>/dev/null); lock=\${1%/*}/data/postmaster.pid; signal=$2; shift 2
if [ -n "$pid" ] && kill -s "$signal" "$pid" 2>/dev/null; then
  n=0
  while kill -0 "$pid" 2>/dev/null && [ -e "$lock" ] && [ $n -lt 200 ]; do n=$((n+1)); sleep 0.05; done
  kill -s KILL "$pid" 2>/dev/null
fi
for folder; do rm -rf "$folder" || { sleep 2; rm -rf "$folder"; }; done
`;

const removeContainer = `
cat >/dev/null
docker rm -f -v "$1" >/dev/null 2>&1
`;

/** The server whose process id will be in `pidFile`, and the folders that go with it. */
export function guardServer(pidFile: string, signal: "INT" | "QUIT", folders: readonly string[]): Promise<Guard> {
  return startGuard(endServer, [pidFile, signal, ...folders]);
}

/** A container; where there is no docker command the engine keeps it. */
export function guardContainer(id: string): Promise<Guard> {
  return startGuard(removeContainer, [id]);
}

async function startGuard(script: string, args: readonly string[]): Promise<Guard> {
  // A group of its own, so that Ctrl-C in a terminal does not reach it.
  const shell = spawn("/bin/sh", ["-c", script, "guard", ...args], {
    detached: true,
    cwd: "/",
    stdio: ["pipe", "ignore", "ignore"],
  });
  await once(shell, "spawn");
  shell.unref();
  if ("unref" in shell.stdin && typeof shell.stdin.unref === "function") shell.stdin.unref();
  shell.stdin.on("error", () => shell.stdin.destroy());
  return {
    dismiss(): void {
      if (shell.pid === undefined || shell.exitCode !== null) return;
      // The whole group: the shell and its `cat`.
      process.kill(-shell.pid, "SIGKILL");
    },
  };
}
