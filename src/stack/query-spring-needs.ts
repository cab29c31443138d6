import { isTest, ownFiles } from "../artifacts/project-files.ts";
import type { RequiredVariable } from "../artifacts/required-variables.ts";
import { type Setting, settingsIn } from "../artifacts/settings-file.ts";
import type { Lookup } from "../artifacts/value.ts";
import { sourceOf } from "../core/project-files.ts";
import { springFiles } from "./query-settings-files.ts";
import type { Service, Stack } from "./stack.ts";

/** Variables that a program of Spring stops without: placeholders of its settings that `@Value` asks for. */

/** Settings that become numbers and addresses: the text of a placeholder is none. */
const typed = /^spring\.datasource\.url$|^server\.port$/;
const elsewhere = /^spring\.(?:config\.import|profiles\.include|cloud\.config)|^jasypt\./;
/** A file on somebody's workstation, which may be absent. */
const beside = /^optional:(?:file:)?\.?\/?([\w./-]+)$/;
const mostFiles = 1_500;

export function springNeeds(stack: Stack, service: Service, lookup: Lookup): RequiredVariable[] {
  const settings = springSettings(stack, service);
  if (settings.size === 0 || isWrittenElsewhere(stack, service, settings)) return [];
  const asked = askedFor(stack, service);
  const given = givenSettings(service);
  const keys = new Set([...settings.values()].map(({ path }) => path.join(".")));
  return [...settings].flatMap(([key, { path, value, at }]) => {
    if (!typed.test(path.join(".")) && !asked.has(key)) return [];
    if (given.has(key)) return [];
    return [...value.matchAll(/\$\{([\w.-]+)\}/g)].flatMap(([, name = ""]) =>
      keys.has(name) ||
      given.has(plain(name)) ||
      lookup(name) !== null ||
      lookup(variableOf(name)) !== null ||
      service.model?.env.has(variableOf(name))
        ? []
        : [{ value: variableOf(name), at }],
    );
  });
}

/** The values of the settings that a Spring service reads, the later ones win; by their key without signs. */
export function springSettings(stack: Stack, service: Service): ReadonlyMap<string, Setting> {
  const found = new Map<string, Setting>();
  for (const path of springFiles(stack, service)) {
    const source = sourceOf(stack, path);
    for (const setting of source ? settingsIn(source) : []) found.set(plain(setting.path.join(".")), setting);
  }
  return found;
}

/** Another source of settings, a file beside the program, or a pipeline that writes them. */
function isWrittenElsewhere(stack: Stack, service: Service, settings: ReadonlyMap<string, Setting>): boolean {
  const others = [...settings.values()].filter(({ path }) => elsewhere.test(path.join(".")));
  if (others.some(({ value }) => !beside.test(value) || !hasOnlyJars(service))) return true;
  const texts = [...stack.workflows.map(each => each.file), ...stack.scripts.map(each => each.file)];
  return texts.some(path =>
    /application[\w${}.-]*\.(?:ya?ml|properties)/.test(sourceOf(stack, path)?.text ?? ""),
  );
}

/** Nothing is put beside the program. */
function hasOnlyJars({ build, made, mounts }: Service): boolean {
  const stage = (build ?? made)?.stage;
  return (
    mounts.length === 0 &&
    stage !== undefined &&
    stage.copies.every(({ sources }) => sources.every(({ value }) => value.endsWith(".jar")))
  );
}

const known = new WeakMap<Stack, Map<string, ReadonlySet<string>>>();

/** The keys that `@Value` wants as the program starts. Classes that are there under a condition are left out. */
function askedFor(stack: Stack, { component }: Service): ReadonlySet<string> {
  const dir = component!.dir;
  const found = known.get(stack) ?? new Map<string, ReadonlySet<string>>();
  known.set(stack, found);
  let keys = found.get(dir);
  if (!keys) {
    const code = ownFiles(stack.files, dir).filter(path => /\.(?:java|kt)$/.test(path) && !isTest(path));
    keys = new Set(
      code.slice(0, mostFiles).flatMap(path => {
        const read = stack.files.read(path);
        const text = "source" in read ? read.source.text : "";
        return /@(?:Profile|Conditional\w*|Lazy)\b/.test(text)
          ? []
          : [...text.matchAll(/@Value\(\s*(?:value\s*=\s*)?"\\?\$\{([\w.-]+)[:}]/g)].map(([, key]) =>
              plain(key!),
            );
      }),
    );
    found.set(dir, keys);
  }
  return keys;
}

/** Variables and options of the command that give a setting by its own name. */
export function givenSettings({ environment, process }: Service): ReadonlySet<string> {
  const words = (process?.commands ?? []).flat().map(word => word.value ?? "");
  return new Set(
    [
      ...environment.map(each => each.name),
      ...words.flatMap(word => /^-+D?([\w.-]+)=/.exec(word)?.[1] ?? []),
    ].map(plain),
  );
}

/** `jwt.secret` and `JWT_SECRET` are one. */
function plain(name: string): string {
  return name.replace(/[_.:-]/g, "").toLowerCase();
}

function variableOf(name: string): string {
  return /[a-z]/.test(name) ? name.replace(/[.-]/g, "_").toUpperCase() : name;
}
