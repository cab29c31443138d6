import type { EnvRead } from "../../artifacts/env-reads.ts";
import { variablesRead } from "../../artifacts/script.ts";
import type { Evidence } from "../../core/finding.ts";
import { containerScript, evidence, isOptional, listNames, weigh } from "../../stack/query.ts";
import { settingsStops } from "../../stack/query-build-settings.ts";
import { isRun } from "../../stack/query-connections.ts";
import { componentReads, hasUnseenEnvironment, lookupOf } from "../../stack/query-environment.ts";
import { imageNeeds } from "../../stack/query-image-needs.ts";
import { loadedFiles } from "../../stack/query-reach.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

interface Missing {
  readonly name: string;
  readonly place: Evidence;
  readonly likely?: true;
}

export default defineRule({
  id: "boot/variable-missing",
  title: "Every variable that a program cannot start without is set",
  claim: "configured-completely",
  severity: "high",
  why: "The program stops with an error as soon as it is started, again after every restart.",
  *check(stack) {
    for (const service of stack.services) {
      if (isOptional(service) || hasUnseenEnvironment(service)) continue;
      const image = imageNeeds(service);
      if (image) {
        yield {
          subject: `${service.name} ${image[0]!}`,
          message: `Service "${service.name}" is given none of ${listNames(image)}, and its image refuses to start without ${image.length === 1 ? "it" : "one of them"}.`,
          evidence: [evidence(service.at, `${image[0]} is not set`)],
          severity: weigh(service, "critical"),
        };
      }
      const found = [...fromScripts(stack, service), ...fromCode(stack, service)];
      const known = new Set(found.map(({ name }) => name));
      const missing = [
        ...found,
        ...fromSettings(stack, service).filter(({ name }) => !known.has(name)),
      ].filter(each => !isDocumented(stack, each.name));
      if (missing.length === 0) continue;
      const names = [...new Set(missing.map(each => each.name))];
      yield {
        subject: service.name,
        message: `Service "${service.name}" cannot start without ${listNames(names)}, and nothing in the repository sets ${names.length === 1 ? "it" : "them"}.`,
        evidence: [
          ...missing.map(each => each.place),
          evidence(service.at, "does not get it"),
        ] as unknown as [Evidence, ...Evidence[]],
        severity: weigh(service, "high"),
        ...(missing.some(each => each.likely) ? { confidence: "likely" as const } : {}),
      };
    }
  },
});

/** An env file of the project tells people to set it. */
function isDocumented(stack: Stack, name: string): boolean {
  return stack.envFiles.some(file => file.entries.some(entry => entry.name.value === name));
}

/** The words that start the container, before any script in them is followed. */
function entryWords(service: Service): (string | undefined)[] {
  const { entrypoint, command, model } = service;
  const texts = [entrypoint?.text ?? model?.entrypoint?.text, command?.text ?? model?.cmd?.text];
  return texts.flatMap(text => text?.split(/[\s"'[\],]+/).slice(0, 4));
}

/** `${NAME:?}` in the entry script of the container. */
function fromScripts(stack: Stack, service: Service): Missing[] {
  const lookup = lookupOf(service);
  const files = entryWords(service);
  const scripts = new Set(
    files.flatMap(word =>
      word && /\.sh$|entrypoint/.test(word)
        ? (containerScript(stack.scripts, stack.files, service, word) ?? [])
        : [],
    ),
  );
  return [...scripts].flatMap(script =>
    variablesRead(script)
      .filter(read => read.required && lookup(read.name) === null)
      .map(read => ({ name: read.name, place: evidence(read.at, "stops without it") })),
  );
}

function fromCode(stack: Stack, service: Service): Missing[] {
  const { component } = service;
  if (!component) return [];
  const lookup = lookupOf(service);
  const seen = new Set<string>();
  // A worker beside the server loads its own part of the code.
  const loaded = component.django ? "all" : loadedFiles(service, component);
  if (loaded === "unknown") return [];
  return componentReads(stack, component).reads.flatMap(read => {
    if (loaded !== "all" && read.at.file.endsWith(".py") && !loaded.has(read.at.file)) return [];
    if (read.buildTime || seen.has(read.name) || lookup(read.name) !== null) return [];
    if (!isRun(stack, service, component, read.at) || !stops(stack, read)) return [];
    seen.add(read.name);
    return [{ name: read.name, place: evidence(read.at, "stops without it"), likely: true as const }];
  });
}

/** What Django's settings stop without, in any of the ways to ask for it. */
function fromSettings(stack: Stack, service: Service): Missing[] {
  return settingsStops(stack, service).map(({ at, name }) => ({
    name,
    place: evidence(at, "stops without it"),
    likely: true as const,
  }));
}

/** At the top level of a file, outside any `try`: it runs when the program is loaded. */
function stops(stack: Stack, read: EnvRead): boolean {
  const text = stack.sources.get(read.at.file)?.text ?? "";
  const lineStart = text.lastIndexOf("\n", read.at.span.start - 1) + 1;
  const line = text.slice(lineStart, read.at.span.start);
  if (read.how === "process.env") {
    const before = text.slice(Math.max(0, read.at.span.start - 20), read.at.span.start);
    const after = text.slice(read.at.span.end, read.at.span.end + 80);
    return (
      /^if\s*\(\s*!$/.test(line) &&
      /!$/.test(before) &&
      /^\s*\)\s*\{?\s*(?:throw\b|process\.exit\()/.test(after)
    );
  }
  if (!read.required || read.default) return false;
  // These read a file of their own, which may lie beside the program.
  if (/\b(?:decouple|load_dotenv|read_env|env_file|dotenv)\b/.test(text)) return false;
  if (read.how === "pydantic") return true;
  if (text.includes(`setdefault("${read.name}"`) || text.includes(`setdefault('${read.name}'`)) return false;
  // Anywhere in a value that a name of the module gets: no branch, and nothing that is called later.
  return (
    read.how === "os.environ" &&
    /^[A-Za-z_]\w*\s*=\s*(?:[\w.]+\((?:[^#\n]*[,(=]\s*)?)*(?:os\.)?$/.test(line) &&
    !/\b(?:lambda|if|else|or|and|for)\b/.test(
      text.slice(lineStart, text.indexOf("\n", read.at.span.end) >>> 0),
    )
  );
}
