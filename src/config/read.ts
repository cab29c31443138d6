import type { Severity } from "../core/finding.ts";
import { type Location, locate, positionAt, type Source } from "../core/source.ts";
import { UserError } from "../core/user-error.ts";
import { parseYaml, type YamlNode } from "../formats/yaml.ts";
import { type Config, defaultConfig } from "./config.ts";
import { type Complaint, checkSettings } from "./schema.ts";

/**
 * Reads the settings of a project. Throws a UserError that names the key, the place and, for a misspelt key, the
 * one that was probably meant. `rules` and `claims` are the ids that exist.
 */
export function readConfig(source: Source, rules: readonly string[]): Config {
  const { model, problems } = parseYaml(source);
  const [broken] = problems;
  if (broken) throw refusal(source, [{ at: broken.at, message: broken.message }]);
  const root = model[0]?.root;
  if (root === undefined) return { ...defaultConfig, source };
  const places = new Map<string, Location>();
  const value = plain(root, "", places);
  const placeOf = (path: string): Location => {
    for (let rest = path; rest !== ""; rest = rest.replace(/(?:\.[^.[]*|\[\d+\]|^[^.[]*)$/, "")) {
      const at = places.get(rest);
      if (at) return at;
    }
    return locate(source, 0, 0);
  };
  const checked = checkSettings(value, rules);
  if ("complaints" in checked) {
    throw refusal(
      source,
      checked.complaints.map((complaint: Complaint) => ({
        at: placeOf(complaint.path),
        message: `${complaint.path === "" ? "" : `${complaint.path}: `}${complaint.message}`,
      })),
    );
  }
  const { settings } = checked;
  return {
    failOn: settings.failOn ?? defaultConfig.failOn,
    severity: new Map(Object.entries(settings.severity ?? {}) as [string, Severity | "off"][]),
    accept: (settings.accept ?? []).map(({ rule, subject, path, reason, until }, index) => ({
      rule,
      reason,
      by: "config",
      at: placeOf(`accept[${index}]`),
      ...(subject !== undefined ? { subject } : {}),
      ...(path !== undefined ? { path } : {}),
      ...(until !== undefined ? { until } : {}),
    })),
    exclude: settings.exclude ?? [],
    deployed: settings.deployed ?? [],
    load: settings.load ?? {},
    ...(settings.baseline !== undefined ? { baseline: settings.baseline } : {}),
    source,
  };
}

function refusal(source: Source, complaints: readonly { at: Location; message: string }[]): UserError {
  const lines = complaints.map(({ at, message }) => {
    const { line, column } = positionAt(source, at.span.start);
    return `${source.path}:${line}:${column}: ${message}`;
  });
  return new UserError(lines.join("\n"), "Correct the settings, or leave the file out with --no-config.");
}

/** Plain values, and where the value under each breadcrumb stands. */
function plain(node: YamlNode, path: string, places: Map<string, Location>): unknown {
  if (!places.has(path)) places.set(path, node.at);
  if (node.kind === "seq") return node.items.map((item, index) => plain(item, `${path}[${index}]`, places));
  if (node.kind === "scalar") return node.value;
  const entries = node.entries.map(({ key, value }) => {
    const below = path === "" ? key.value : `${path}.${key.value}`;
    places.set(below, key.at);
    return [key.value, plain(value, below, places)] as const;
  });
  return Object.fromEntries(entries);
}
