import type { Parsed } from "../core/artifact.ts";
import type { Problem } from "../core/problem.ts";
import { type Located, type Location, locate, type Source } from "../core/source.ts";
import { parseToml, type TomlEntry, type TomlValue } from "../formats/toml.ts";

export interface PythonDependency {
  /** Normalised: lower case, `-` for `_` and `.`. */
  readonly name: string;
  /** As written without the name, e.g. `>=4.2,<5.0`; empty when any version will do. */
  readonly version: string;
  readonly extras: readonly string[];
  /** `main`, `dev`, or the name of a group or extra. */
  readonly group: string;
  readonly at: Location;
}

export interface PythonManifest {
  readonly file: string;
  readonly dependencies: readonly PythonDependency[];
  /** `-r other.txt` and `-c constraints.txt`, as written. */
  readonly includes: readonly Located<string>[];
  /** `requires-python`, or poetry's `python`. */
  readonly python?: Located<string>;
  /** The tool that reads the file. */
  readonly tool: "pip" | "poetry" | "pep621" | "pipenv";
}

export function recognisesPythonManifest(path: string): boolean {
  return /(?:^|\/)(?:[\w.-]*requirements[\w.-]*\.(?:txt|in)|requirements\/[\w.-]+\.(?:txt|in)|pyproject\.toml|Pipfile)$/i.test(
    path,
  );
}

export function normalisePackage(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, "-");
}

/** Reads a requirements file, pyproject.toml or Pipfile. Never throws. */
export function parsePythonManifest(source: Source): Parsed<PythonManifest> {
  if (source.path.endsWith("pyproject.toml")) return parseProject(source);
  return source.path.endsWith("Pipfile") ? parsePipfile(source) : parseRequirements(source);
}

const requirement = /^([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?\s*([^;#]*)/;

function dependency(text: string, group: string, at: Location): PythonDependency | undefined {
  const found = requirement.exec(text);
  if (!found) return undefined;
  const version = found[3]!
    .replace(/^\((.*)\)$/, "$1")
    .replace(/\s--?\w.*$/, "")
    .trim();
  const extras = (found[2] ?? "")
    .split(",")
    .map(each => each.trim())
    .filter(Boolean);
  return { name: normalisePackage(found[1]!), version, extras, group, at };
}

function parseRequirements(source: Source): Parsed<PythonManifest> {
  const base = source.path.slice(source.path.lastIndexOf("/") + 1);
  const group = /dev|local/i.test(base)
    ? "dev"
    : /test/i.test(base)
      ? "test"
      : /docs?\b|lint/i.test(base)
        ? "docs"
        : "main";
  const dependencies: PythonDependency[] = [];
  const includes: Located<string>[] = [];
  const problems: Problem[] = [];
  const lines = /[^\n]*\n?/y;
  for (let offset = 0; offset < source.text.length; offset = lines.lastIndex) {
    lines.lastIndex = offset;
    const raw = lines.exec(source.text)![0];
    const line = raw
      .replace(/\\?\r?\n?$/, "")
      .replace(/(?:^|\s)#.*$/, "")
      .trimEnd();
    const text = line.replace(/^\ufeff/, "").trimStart();
    if (text === "" || text.startsWith("#")) continue;
    const start = offset + line.length - text.length;
    const at = locate(source, start, start + text.length);
    const include = /^(?:-r|--requirement|-c|--constraint)[\s=]*(\S+)/.exec(text);
    if (include) includes.push({ value: include[1]!, at });
    else if (!text.startsWith("-") && !/^[a-z+]+:\/\//.test(text) && !/^\.{0,2}\//.test(text)) {
      const read = dependency(text, group, at);
      if (read) dependencies.push(read);
      else problems.push({ at, message: "this line is not a requirement" });
    }
  }
  return { model: { file: source.path, dependencies, includes, tool: "pip" }, problems };
}

function parseProject(source: Source): Parsed<PythonManifest> {
  const { model, problems } = parseToml(source);
  const dependencies: PythonDependency[] = [];
  let python: Located<string> | undefined;
  let poetry = false;
  for (const entry of model) {
    const path = entry.path.join(".");
    const [a, b, c, d, e] = entry.path;
    if (path === "project.requires-python" && entry.value.kind === "text")
      python = { value: entry.value.value, at: entry.value.at };
    else if (path === "project.dependencies") dependencies.push(...listed(entry.value, "main"));
    else if (a === "project" && b === "optional-dependencies" && c)
      dependencies.push(...listed(entry.value, c));
    else if (a === "dependency-groups" && b) dependencies.push(...listed(entry.value, b));
    else if (path === "tool.uv.dev-dependencies") dependencies.push(...listed(entry.value, "dev"));
    else if (a === "tool" && b === "poetry" && c === "dependencies" && d) {
      poetry = true;
      if (d === "python") python ??= { value: versionOf(entry.value), at: entry.value.at };
      else if (entry.path.length === 4) dependencies.push(poetryDependency(entry, d, "main"));
    } else if (a === "tool" && b === "poetry" && c === "dev-dependencies" && d)
      dependencies.push(poetryDependency(entry, d, "dev"));
    else if (a === "tool" && b === "poetry" && c === "group" && d && e === "dependencies" && entry.path[5]) {
      dependencies.push(poetryDependency(entry, entry.path[5], d));
    }
  }
  const tool = poetry ? "poetry" : "pep621";
  return {
    model: { file: source.path, dependencies, includes: [], tool, ...(python && { python }) },
    problems,
  };
}

function listed(value: TomlValue, group: string): PythonDependency[] {
  if (value.kind !== "array") return [];
  return value.items.flatMap(item =>
    item.kind === "text" ? (dependency(item.value, group, item.at) ?? []) : [],
  );
}

function versionOf(value: TomlValue): string {
  if (value.kind === "text") return value.value === "*" ? "" : value.value;
  const version =
    value.kind === "table" ? value.entries.find(each => each.key.value === "version")?.value : undefined;
  return version?.kind === "text" && version.value !== "*" ? version.value : "";
}

function poetryDependency(entry: TomlEntry, name: string, group: string): PythonDependency {
  const { value } = entry;
  const extras =
    value.kind === "table" ? value.entries.find(each => each.key.value === "extras")?.value : undefined;
  const names =
    extras?.kind === "array" ? extras.items.flatMap(item => (item.kind === "text" ? [item.value] : [])) : [];
  return { name: normalisePackage(name), version: versionOf(value), extras: names, group, at: entry.key.at };
}

function parsePipfile(source: Source): Parsed<PythonManifest> {
  const { model, problems } = parseToml(source);
  const dependencies: PythonDependency[] = [];
  let python: Located<string> | undefined;
  for (const entry of model) {
    const [table, name] = entry.path;
    if (table === "requires" && name === "python_version")
      python = { value: versionOf(entry.value), at: entry.value.at };
    if ((table === "packages" || table === "dev-packages") && name && entry.path.length === 2) {
      dependencies.push(poetryDependency(entry, name, table === "packages" ? "main" : "dev"));
    }
  }
  return {
    model: { file: source.path, dependencies, includes: [], tool: "pipenv", ...(python && { python }) },
    problems,
  };
}
