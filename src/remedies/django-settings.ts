import { type Concrete, concrete, isTruthy, type Lookup, type Value } from "../artifacts/value.ts";
import type { Edit, Fix } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Location } from "../core/source.ts";
import {
  addAtEnd,
  addBehind,
  addInBrackets,
  assignmentAt,
  assignmentOf,
  importModule,
} from "../formats/python-edit.ts";
import { hostNames } from "../stack/query.ts";
import { type SettingHere, type SettingsInForce, textsOf } from "../stack/query-settings.ts";
import type { Service, Stack } from "../stack/stack.ts";
import { setWhatIsAsked } from "./env-example.ts";
import { allEdits } from "./nginx.ts";
import { offer } from "./offer.ts";
import { documentVariable, giveVariable } from "./service-variable.ts";

/** Changes of Django's settings, in the file where they count and in the environment that they read. */

type Edits = readonly Edit[] | undefined;

/**
 * Sets settings that are missing: behind the assignment of a neighbour where that stands in the module that is served,
 * at the module's end otherwise, so that a module for development which shares the base keeps its own.
 */
export function addSettings(
  stack: Stack,
  here: SettingsInForce,
  lines: readonly string[],
  near?: Location,
  needsOs = false,
): Edits {
  const source = sourceOf(stack, here.settings.file);
  const imports = source && (needsOs ? importModule(source, "os") : []);
  if (!source || !imports) return undefined;
  const neighbour = near && assignmentAt(source, near);
  return allEdits([...imports, neighbour ? addBehind(source, neighbour, lines) : addAtEnd(source, lines)]);
}

/** `not DEBUG` where the settings decide that elsewhere, so that a workstation keeps working in plain HTTP; else `True`. */
export function exceptInDebug(stack: Stack, here: SettingsInForce): "not DEBUG" | "True" {
  const source = sourceOf(stack, here.settings.file);
  const value = here.settings.values.get("DEBUG");
  if (!source || !value || value.kind === "literal") return "True";
  const assigned = assignmentOf(source, "DEBUG");
  const near = here.settings.values.get("MIDDLEWARE");
  const isAbove = near?.at.file !== source.path || (assigned && assigned.at.span.end < near.at.span.start);
  return assigned && isAbove ? "not DEBUG" : "True";
}

/** Puts Python in place of a setting's value, where that is an assignment of its own. */
export function replaceSetting(stack: Stack, at: Location, text: string, needsOs = false): Edits {
  const source = sourceOf(stack, at.file);
  const statement = source && assignmentAt(source, at);
  const { value } = statement ?? {};
  if (
    !source ||
    !value ||
    statement?.update ||
    value.at.span.start !== at.span.start ||
    value.at.span.end !== at.span.end
  )
    return undefined;
  const imports = needsOs ? importModule(source, "os") : [];
  return imports && [...imports, { at, text }];
}

/** The texts of a variable with commas, in Python; nothing where it is not set, so that nobody new is let in. */
export function listFromEnvironment(name: string): string {
  return `[each for each in os.environ.get("${name}", "").split(",") if each]`;
}

/** Gives a variable to all services that answer requests with these settings, and documents it. */
export function giveToAll(
  stack: Stack,
  services: readonly Service[],
  variable: { readonly name: string; readonly example: string; readonly says: string },
  value: string,
): Edits {
  const given = allEdits(services.map(service => giveVariable(stack, service, variable.name, value)));
  return given && [...given, ...documentVariable(stack, services[0]!.project, variable)];
}

/** The variable that names a site. */
const siteHosts = {
  name: "DJANGO_ALLOWED_HOSTS",
  example: "www.example.org",
  says: "names under which visitors reach the site, with commas",
};

export interface ListWish {
  /** What stays allowed whatever the environment says. */
  readonly kept: readonly string[];
  readonly variable: { readonly name: string; readonly example: string; readonly says: string };
}

/** Names under which the stack itself asks: probes in the container, and services beside it. */
function ownHosts({ services }: SettingsInForce): string[] {
  const names = services.flatMap(hostNames).filter(name => /^[a-z0-9.-]+$/i.test(name));
  return [...new Set(["localhost", "127.0.0.1", ...names])];
}

/** ALLOWED_HOSTS from the environment, with the names that stay and those that the stack itself asks by. */
export function hostsByEnvironment(
  stack: Stack,
  here: SettingsInForce,
  found: SettingHere,
  hosts: readonly string[],
): Fix | undefined {
  const edits = listByEnvironment(stack, here, found, {
    kept: [...new Set([...ownHosts(here), ...hosts])],
    variable: siteHosts,
  });
  return offer(
    {
      title: "Take the host names from the environment",
      grade: "needs-testing",
      test: "Open the site under each of its names, and see that the health check stays green.",
      ...setWhatIsAsked(stack, here.service.project, edits),
    },
    edits,
  );
}

/**
 * Lets a list of names hold what the server's environment says, beside `kept`. Where the settings read a variable, that
 * is set in Compose; where they hold a plain list, they read one from now on. Undefined where neither is plain.
 */
export function listByEnvironment(
  stack: Stack,
  here: SettingsInForce,
  found: SettingHere,
  wish: ListWish,
): Edits {
  const value = here.settings.values.get(settingName(here, found));
  if (!value) return undefined;
  const { kept, variable } = wish;
  if (found.setting?.kind === "env") {
    const [name] = found.setting.env?.names ?? [];
    if (name === undefined || !splitsAtCommas(value, here.lookup, name)) return undefined;
    const demanded = `\${${name}:?${variable.says}}`;
    return giveToAll(stack, here.services, { ...variable, name }, [...kept, demanded].join(","));
  }
  return found.setting?.kind === "literal"
    ? extendList(stack, here.services, found.at, { ...wish, had: textsOf(found.value) ?? [] })
    : undefined;
}

/**
 * Lets a list that is written at a place hold what a variable says as well. Its own lines stay, unless one of its texts
 * is to go.
 */
export function extendList(
  stack: Stack,
  services: readonly Service[],
  at: Location,
  { kept, variable, had }: ListWish & { readonly had: readonly string[] },
): Edits {
  const source = sourceOf(stack, at.file);
  const old = source?.text.slice(at.span.start, at.span.end) ?? "";
  const imports = source && importModule(source, "os");
  const given = giveToAll(stack, services, variable, `\${${variable.name}:?${variable.says}}`);
  if (!source || !imports || !given || !/^\[[^[\]]*\]$/.test(old)) return undefined;
  const list = listFromEnvironment(variable.name);
  const quoted = (names: readonly string[]) => names.map(name => `"${name}"`).join(", ");
  if (had.some(name => !kept.includes(name))) {
    if (old.includes("#")) return undefined;
    const text = kept.length > 0 ? `[${quoted(kept)}] + ${list}` : list;
    return [...imports, ...given, { at, text }];
  }
  const missing = kept.filter(name => !had.includes(name));
  const added = missing.length > 0 ? allEdits([addInBrackets(source, at, quoted(missing))]) : [];
  const end = { start: at.span.end, end: at.span.end };
  return added && [...imports, ...given, ...added, { at: { file: at.file, span: end }, text: ` + ${list}` }];
}

function settingName({ settings }: SettingsInForce, { at }: SettingHere): string {
  return [...settings.values].find(([, value]) => value.at === at)?.[0] ?? "";
}

/** Whether a text with a comma gives two names. */
function splitsAtCommas(value: Value, lookup: Lookup, name: string): boolean {
  const texts = textsOf(concrete(value, each => (each === name ? "one.example,two.example" : lookup(each))));
  return texts?.length === 2 && texts[0] === "one.example" && texts[1] === "two.example";
}

/** A text for a variable under which a setting is off, in the spelling that stands there; undefined when there is none. */
export function textThatIsFalse(value: Value, lookup: Lookup, name: string, before = ""): string | undefined {
  const spellings = /^[a-z]+$/.test(before) ? ["false", "0", "no", "off"] : ["False", "false", "0"];
  return spellings.find(text => {
    const under: Concrete | undefined = concrete(value, each => (each === name ? text : lookup(each)));
    return under !== undefined && !isTruthy(under);
  });
}

/** Adds an entry to a list or dict of the settings. */
export function addEntry(stack: Stack, at: Location, text: string): Edits {
  const source = sourceOf(stack, at.file);
  return source && allEdits([addInBrackets(source, at, text)]);
}

/** Switches DEBUG off. Where a variable decides, that is set in Compose; a literal gives way to one that has to be set to switch it on. */
export function switchOff(stack: Stack, here: SettingsInForce, found: SettingHere): Edits {
  const value = here.settings.values.get("DEBUG");
  const [name] = found.setting?.env?.names ?? [];
  if (value && name !== undefined) {
    const given = here.service.environment.find(variable => variable.name === name);
    const text = textThatIsFalse(value, here.lookup, name, given?.value?.text);
    const says = "switches the debugging mode on: never on a server";
    if (text !== undefined) return giveToAll(stack, here.services, { name, example: text, says }, text);
    // No text switches it off: the setting has to read what the text says.
    const read = `os.environ.get("${name}", "").lower() in ("1", "true", "yes")`;
    return replaceSetting(stack, found.at, read, true);
  }
  return found.setting?.kind === "literal"
    ? replaceSetting(stack, found.at, 'os.environ.get("DJANGO_DEBUG") == "1"', true)
    : undefined;
}
