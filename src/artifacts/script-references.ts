import { isOutside, join } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import type { ShellScript } from "../formats/shell.ts";
import type { Argument, Call } from "./commands.ts";

export type ReferenceRole =
  | "compose-file"
  | "env-file"
  | "build-context"
  | "dockerfile"
  | "script"
  | "sourced"
  | "copied"
  | "read"
  | "requirements";

/** A file of the project that a script uses. */
export interface FileReference {
  /** From the root of the repository. */
  readonly path: string;
  readonly at: Location;
  readonly role: ReferenceRole;
  readonly call: Call;
  /** The script asks whether it exists. */
  readonly guarded: boolean;
  /** The script itself writes it, or a file or folder of that name. */
  readonly created: boolean;
}

/** References with a constant path inside the repository, made on this host and not inside a container. */
export function fileReferences(script: ShellScript, calls: readonly Call[]): FileReference[] {
  const tested = testedPaths(script);
  const created = new Set(calls.flatMap(createdBy));
  return calls.flatMap(call => {
    if (call.remote || call.inside || call.cwd === undefined) return [];
    return referencesOf(call).flatMap(([role, arg]): FileReference[] => {
      const path = pathFromRoot(call, arg);
      if (path === undefined) return [];
      const named = [arg.value!, path, `./${path}`, arg.word.text.replaceAll('"', "")];
      const guarded = named.some(name => tested.has(name));
      return [{ path, at: arg.at, role, call, guarded, created: created.has(path) }];
    });
  });
}

/** The path that an argument names, from the root; undefined when it is not constant or lies elsewhere. */
export function pathFromRoot(call: Call, arg: Argument): string | undefined {
  const { value } = arg;
  if (value === undefined || value === "" || value === "-" || call.cwd === undefined) return undefined;
  if (/[*?[\]{}$~<>:]/.test(value) || /^[-/]/.test(value) || /^[/~]/.test(call.cwd)) return undefined;
  const path = join(call.cwd, value);
  return isOutside(path) ? undefined : path;
}

function referencesOf(call: Call): [ReferenceRole, Argument][] {
  const as = (role: ReferenceRole, args: readonly (Argument | undefined)[]) =>
    args.flatMap((arg): [ReferenceRole, Argument][] => (arg ? [[role, arg]] : []));
  switch (call.kind) {
    case "compose":
      return [...as("compose-file", call.files), ...as("env-file", call.envFiles)];
    case "docker-build":
      return [...as("build-context", [call.context]), ...as("dockerfile", [call.file])];
    case "docker-run":
      return as("env-file", call.envFiles);
    case "remote-copy":
      return call.direction === "upload" ? as("copied", call.sources) : [];
    case "program":
      if (call.module?.value === "pip") return as("requirements", requirementsOf(call));
      if (call.runs === "sourced") return as("sourced", [call.file]);
      return call.runs === "script" ? as("script", [call.file]) : [];
    case "file":
      if (call.name === "cp" || call.name === "mv" || call.name === "install")
        return as("copied", call.operands.slice(0, -1));
      return call.name === "cat" ? as("read", call.operands) : [];
    default:
      return as("requirements", requirementsOf(call));
  }
}

/** `pip install -r FILE`, `python -m pip install -r FILE`: the arguments that name files. */
function requirementsOf({ name, args }: Call): Argument[] {
  const words = args.map(arg => arg.value);
  const verb = /^pip[\d.]*$/.test(name) ? 0 : words[0] === "-m" && words[1] === "pip" ? 2 : -1;
  if (words[verb] !== "install") return [];
  return args.filter((_, index) => /^(?:-r|--requirement)$/.test(words[index - 1] ?? ""));
}

function createdBy(call: Call): string[] {
  if (call.remote || call.inside || (call.kind === "tool" && call.writes.length === 0)) return [];
  const paths = call.writes.map(write => write.path);
  if (call.kind === "file" && /^(?:cp|mv|install|ln|touch|mkdir)$/.test(call.name))
    paths.push(...(call.name === "touch" || call.name === "mkdir" ? call.operands : call.operands.slice(-1)));
  if (call.kind === "http" && call.output) paths.push(call.output);
  return paths.flatMap(arg => pathFromRoot(call, arg) ?? []);
}

/** Operands of `[ -f x ]`, `[[ -e x ]]`, `test -d x`. */
function testedPaths(script: ShellScript): ReadonlySet<string> {
  const paths = new Set<string>();
  for (const { name, words } of script.commands)
    if (name?.value === "[" || name?.value === "[[" || name?.value === "test")
      for (const word of words) {
        if (word.value !== undefined) paths.add(word.value);
        // `[[ -f "$ENV_FILE" ]]`, before it is used under the same name.
        else if (/^"?\$\{?\w+\}?"?$/.test(word.text)) paths.add(word.text.replaceAll('"', ""));
      }
  return paths;
}
