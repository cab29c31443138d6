import type { ArtifactKind } from "../core/artifact.ts";
import { plainFragment } from "../core/fragment.ts";
import { basename } from "../core/path.ts";
import type { Located, Location, Source } from "../core/source.ts";
import {
  assignedBy,
  assignmentCounts,
  parseShell,
  type ShellOption,
  type ShellScript,
  scriptsOf,
  variablesOf,
  type Word,
} from "../formats/shell.ts";
import { type Argument, type Call, callsIn } from "./commands.ts";
import { type FileReference, fileReferences } from "./script-references.ts";

export type { FileReference } from "./script-references.ts";

/** A variable that a script expects from outside. */
export interface VariableRead {
  readonly name: string;
  readonly at: Location;
  /** `${X:-default}`. */
  readonly default?: Word;
  /** `${X:?message}`: the script stops without it. */
  readonly required: boolean;
}

/** A shell script. `shell` is false when the file turned out to be something else; then all lists are empty. */
export interface Script {
  readonly source: Source;
  readonly file: string;
  readonly shell: boolean;
  /** The program after `#!`, without its folder: `bash`, `sh`, `python3`. */
  readonly interpreter?: string;
  readonly script: ShellScript;
  readonly options: readonly ShellOption[];
  readonly calls: readonly Call[];
  readonly comments: readonly Located<string>[];
  /** Files of the project that it uses. */
  readonly references: readonly FileReference[];
  /** Variables that it reads and never assigns, once for each place. */
  readonly reads: readonly VariableRead[];
  /** Files that it sources, env files among them. */
  readonly sourced: readonly Argument[];
}

const folders =
  /(?:^|\/)(?:scripts?|s?bin|deploy(?:ment)?|ops|docker|hooks|tools|infra|maintenance|cron(?:\.\w+)?)\/[^/.]+$/;
const names = /^(?:docker-)?entrypoint$|^(?:deploy|backup|restore|rollback|start|run|release|setup)$/;
const shellNames = new Set(["sh", "bash", "ash", "dash", "ksh", "zsh"]);
/** Set by the shell or by every login; nobody has to provide them. */
const ambient = new Set(
  "HOME USER PWD OLDPWD PATH SHELL HOSTNAME LANG LC_ALL TERM TMPDIR LOGNAME UID EUID PPID RANDOM SECONDS LINENO IFS BASH BASH_SOURCE BASH_VERSION BASH_REMATCH BASHPID FUNCNAME PIPESTATUS REPLY OPTARG OPTIND OSTYPE MACHTYPE SHLVL COLUMNS LINES PS1 PS4 EDITOR SUDO_USER SSH_AUTH_SOCK XDG_CONFIG_HOME XDG_RUNTIME_DIR _".split(
    " ",
  ),
);

function recognises(path: string): boolean {
  if (/\.(?:sh|bash)$/.test(path)) return true;
  return folders.test(path) || names.test(basename(path));
}

function parse(source: Source) {
  const interpreter = interpreterOf(source.text);
  const shell = interpreter === undefined ? /\.(?:sh|bash)$/.test(source.path) : shellNames.has(interpreter);
  const parsed = parseShell(plainFragment(source.path, shell ? source.text : ""));
  const calls = callsIn(parsed, { path: source.path });
  const model: Script = {
    source,
    file: source.path,
    shell,
    ...(interpreter !== undefined ? { interpreter } : {}),
    script: parsed,
    options: parsed.options,
    calls,
    comments: parsed.comments,
    references: fileReferences(parsed, calls),
    reads: variablesRead(parsed),
    sourced: calls.flatMap(call =>
      call.kind === "program" && call.runs === "sourced" && call.file ? [call.file] : [],
    ),
  };
  return { model, problems: parsed.problems };
}

function interpreterOf(text: string): string | undefined {
  const line = /^\uFEFF?#![ \t]*(\S+)(?:[ \t]+(?:-S[ \t]+)?(\S+))?/.exec(text);
  if (!line) return undefined;
  const program = basename(line[1]!);
  return program === "env" && line[2] !== undefined ? basename(line[2]) : program;
}

/** Variables that a script and its substitutions read and never assign. */
export function variablesRead(script: ShellScript): VariableRead[] {
  const assigned = new Set<string>();
  for (const nested of scriptsOf(script))
    for (const name of assignmentCounts(nested).keys()) assigned.add(name);
  // `X=${X:-default}` assigns X, and still asks the caller for it.
  const takesFromOutside = new Set<unknown>();
  for (const command of script.commands)
    for (const { name, value } of assignedBy(command))
      for (const part of value.parts)
        if (part.kind === "variable" && part.name === name && part.operator) takesFromOutside.add(part);
  const reads: VariableRead[] = [];
  for (const part of variablesOf(script)) {
    const { name, operator, operand, at } = part;
    if (!/^[A-Za-z_]\w*$/.test(name) || ambient.has(name)) continue;
    if (assigned.has(name) && !takesFromOutside.has(part)) continue;
    const isDefault = operator === ":-" || operator === "-";
    reads.push({
      name,
      at,
      ...(isDefault && operand ? { default: operand } : {}),
      required: operator === ":?" || operator === "?",
    });
  }
  return reads;
}

/** Shell scripts: `*.sh`, `*.bash`, and files without extension that begin with a shell's `#!`. */
export const script: ArtifactKind<Script> = { kind: "script", recognises, parse };
