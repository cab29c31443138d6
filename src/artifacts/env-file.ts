import type { ArtifactKind, Parsed } from "../core/artifact.ts";
import type { Source } from "../core/source.ts";
import { type EnvEntry, parseDotenv } from "../formats/dotenv.ts";

/** `example` is a form to copy, `real` is what something loads; a name alone does not always tell. */
export type EnvFileRole = "example" | "real" | "unknown";

export interface EnvFile {
  /** Its path. */
  readonly file: string;
  readonly role: EnvFileRole;
  readonly entries: readonly EnvEntry[];
}

const exampleName =
  /(?:^|[._-])(?:example|sample|template|dist|tmpl|tpl|default|defaults|skeleton)(?:[._-]|$)/i;

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function recognises(path: string): boolean {
  const written = nameOf(path);
  const name = written.toLowerCase();
  if (
    name === ".env" ||
    // `.envPayments`, `.env_prod`: an extension that was forgotten.
    /^\.env(?:[A-Z][A-Za-z0-9]*|[-_][\w-]+)$/.test(written) ||
    (name.startsWith(".env.") &&
      !/\.(?:[jt]sx?|mjs|cjs|d\.ts|py|rb|php|md|ya?ml|json|sh|gpg|enc|age|patch|diff|orig|rej|asc|zip)$/.test(
        name,
      ))
  )
    return true;
  if (/^[\w.-]+\.env$/.test(name)) return true;
  if (/^(?:dot)?env[._-](?:example|sample|template|dist)$/.test(name)) return true;
  return /^[\w.-]+\.env\.(?:example|sample|template|dist)$/.test(name);
}

/** What the file is for, by its name alone. */
export function envFileRole(path: string): EnvFileRole {
  const name = nameOf(path);
  if (exampleName.test(name)) return "example";
  if (/^\.env(?:\.(?:local|production|prod|staging|development|dev|docker|live))*$/i.test(name))
    return "real";
  return "unknown";
}

/** "Copy this file to .env and change the values": whatever it is called. What is copied as it stands is no form. */
const asksForCopy =
  /\b(?:copy|rename|save|duplicate) (?:this file|it|this) (?:to|as|into) ["'`]?\.env\b["'`]?[^.\n]{0,40}\b(?:change|fill|edit|set|adjust|replace|update|customi[sz]e|enter)\b/i;

/** The comments above the first variable, as one line. */
function header(text: string): string {
  const lines = text.slice(0, 2_000).split("\n");
  const end = lines.findIndex(line => line.trim() !== "" && !line.startsWith("#"));
  return lines
    .slice(0, end === -1 ? undefined : end)
    .map(line => line.replace(/^#+ ?/, ""))
    .join(" ");
}

function parse(source: Source): Parsed<EnvFile> {
  const { model, problems } = parseDotenv(source);
  const role = envFileRole(source.path);
  const form = role === "unknown" && asksForCopy.test(header(source.text));
  return { model: { file: source.path, role: form ? "example" : role, entries: model }, problems };
}

export const envFile: ArtifactKind<EnvFile> = { kind: "env-file", recognises, parse };
