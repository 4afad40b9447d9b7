import { Command, CommanderError, Option } from "commander";
import { readConfigFile } from "./config-file.ts";
import { environment as processEnvironment } from "./environment.ts";
import type { Environment } from "./environment.ts";
import { FreshetError, SqlState } from "./errors.ts";
import { optionKeys, optionName, optionVariable, resolveOptions } from "./options.ts";
import type { GivenOption, OptionSpec, OptionSpecs, ResolvedOptions } from "./options.ts";
import { suggest } from "./suggest.ts";

/** A program: what it is called, what it can be told to do, and its options. */
export interface Program<T extends object> {
  readonly name: string;
  readonly description: string;
  readonly version: string;
  /** What each command does; the empty name is the one that runs when none is given. */
  readonly commands: Readonly<Record<string, string>>;
  readonly specs: OptionSpecs<T>;
  /** The option that names the configuration file. */
  readonly fileOption: keyof T & string;
}

/** What was asked for: a text to print (help, version), or a command with its options. */
export type Invocation<T extends object> =
  | { readonly kind: "text"; readonly text: string }
  | ({ readonly kind: "command"; readonly command: string } & ResolvedOptions<T>);

export interface InvocationInput {
  /** Without the interpreter and the script. */
  readonly argv: readonly string[];
  readonly environment?: Environment;
  /** Texts for options that nobody gives, by key, in place of the declared defaults. */
  readonly defaults?: Readonly<Record<string, string>>;
}

/** Reads flags, environment and configuration file, in this precedence. */
export function readCommandLine<T extends object>(program: Program<T>, input: InvocationInput): Invocation<T> {
  const parsed = parseArguments(program, input.argv);
  if (typeof parsed === "string") return { kind: "text", text: parsed };
  const fromEnvironment = readVariables(program.specs, input.environment ?? processEnvironment());
  const file = (parsed.flags.get(program.fileOption) ?? fromEnvironment.get(program.fileOption))?.text;
  const fromFile = file === undefined ? new Map<string, GivenOption>() : readConfigFile(program.specs, file);
  const defaults = Object.entries(input.defaults ?? {}).map(
    ([key, text]) => [key, { text, source: "default", place: `the default of --${optionName(key)}` }] as const,
  );
  const given = new Map<string, GivenOption>([...defaults, ...fromFile, ...fromEnvironment, ...parsed.flags]);
  return { kind: "command", command: parsed.command, ...resolveOptions(program.specs, given) };
}

interface ParsedArguments {
  readonly command: string;
  readonly flags: Map<string, GivenOption>;
}

/** The arguments, or the text that was asked for. */
function parseArguments<T extends object>(program: Program<T>, argv: readonly string[]): ParsedArguments | string {
  let output = "";
  let command = "";
  const commander = createCommand(program, (text) => {
    output += text;
  });
  const choose = (name: string): void => {
    command = name;
  };
  for (const [name, description] of Object.entries(program.commands)) {
    if (name === "") commander.action(() => choose(""));
    else addCommand(program, commander, name, description, () => choose(name));
  }
  try {
    commander.parse([...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return output;
    throw asFreshetError(program, commander, error);
  }
  const chosen = commander.commands.find((candidate) => candidate.name() === command) ?? commander;
  return { command, flags: readFlags(program.specs, chosen.optsWithGlobals<Record<string, unknown>>()) };
}

function createCommand<T extends object>(program: Program<T>, write: (text: string) => void): Command {
  const commander = new Command(program.name)
    .description(program.description)
    .version(program.version, "-V, --version", "Print the version and exit.")
    .helpOption("-h, --help", "Print this text and exit.")
    .helpCommand(false)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: () => undefined, getOutHelpWidth: () => 110 });
  commander.addHelpText("after", `\nEvery option can also be set in the environment (${optionVariable("listen")}) or`);
  commander.addHelpText(
    "after",
    'in the configuration file (listen = "127.0.0.1:6543"). Flags come first, the file last.',
  );
  for (const key of optionKeys(program.specs)) commander.addOption(declareOption(key, program.specs[key]));
  return commander;
}

/** Commands take the same options, before their name or after it. */
function addCommand<T extends object>(
  program: Program<T>,
  parent: Command,
  name: string,
  description: string,
  action: () => void,
): void {
  const child = parent.command(name).description(description).allowExcessArguments(false).helpOption("-h, --help");
  for (const key of optionKeys(program.specs)) child.addOption(declareOption(key, program.specs[key]).hideHelp());
  child.addHelpText("after", `\nThe options are those of ${program.name}: see ${program.name} --help.`);
  child.action(action);
}

function declareOption<T>(key: string, spec: OptionSpec<T>): Option {
  const { kind } = spec;
  const value = kind.placeholder === "BOOLEAN" ? `[${kind.placeholder}]` : `<${kind.placeholder}>`;
  return new Option(`--${optionName(key)} ${value}`, `${spec.description} ${defaultNote(spec)}`);
}

function defaultNote<T>(spec: OptionSpec<T>): string {
  const value = spec.default;
  if (value !== undefined) return `(default: ${spec.kind.format(value as Exclude<T, undefined>)})`;
  return spec.optional === true ? "(default: none)" : "(required)";
}

function readFlags<T extends object>(specs: OptionSpecs<T>, values: Record<string, unknown>): Map<string, GivenOption> {
  const flags = new Map<string, GivenOption>();
  for (const key of optionKeys(specs)) {
    const value = values[key];
    // A flag without a value is true.
    const text = value === true ? "true" : value;
    if (typeof text === "string") flags.set(key, { text, source: "flag", place: `--${optionName(key)}` });
  }
  return flags;
}

function readVariables<T extends object>(specs: OptionSpecs<T>, variables: Environment): Map<string, GivenOption> {
  const given = new Map<string, GivenOption>();
  for (const key of optionKeys(specs)) {
    const variable = optionVariable(key);
    const text = variables[variable];
    if (text !== undefined && text !== "") given.set(key, { text, source: "environment", place: variable });
  }
  return given;
}

/** Commander's message reads "error: unknown option '--x'\n(Did you mean --y?)". */
function asFreshetError<T extends object>(program: Program<T>, parsed: Command, error: CommanderError): FreshetError {
  const seeHelp = `See ${program.name} --help.`;
  const word = parsed.args[0];
  if (error.code === "commander.excessArguments" && word !== undefined) {
    const meant = suggest(word, Object.keys(program.commands));
    const hint = meant === undefined || meant === "" ? seeHelp : `Did you mean ${meant}?`;
    return new FreshetError(SqlState.invalidParameterValue, `unknown command '${word}'`, { hint });
  }
  const [first = "", second] = error.message.replace(/^error: /, "").split("\n");
  const hint = second?.replace(/^\((.*)\)$/, "$1") ?? seeHelp;
  return new FreshetError(SqlState.invalidParameterValue, first, { hint });
}
