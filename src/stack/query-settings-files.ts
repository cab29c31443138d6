import { filesBelow, isTest, isVendored } from "../artifacts/project-files.ts";
import { type Setting, settingsIn } from "../artifacts/settings-file.ts";
import { basename, dirname, inside } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import { environmentText, hasUnseenEnvironment } from "./query-environment.ts";
import { setByRelease } from "./query-release-sets.ts";
import { isCredential, isSigningName } from "./query-secrets.ts";
import { springProfiles } from "./spring-profiles.ts";
import type { Service, Stack } from "./stack.ts";

/** Signing keys in settings files that frameworks read by themselves and that come with the code. */

export interface SettingSecret extends Setting {
  /** As the framework calls it: `Jwt:SigningKey`, `jwt.secret`. */
  readonly name: string;
  /** maybe: an env file that is not here may give another value. */
  readonly supply: "never" | "maybe";
}

/** The keys that a service signs with as its files give them, where nothing that is seen replaces them. */
export function settingSecrets(stack: Stack, service: Service): SettingSecret[] {
  const roots = programOf(service);
  if (roots.length === 0 || isFilled(service)) return [];
  // The settings lie in the program's own directory, or where the image is built from.
  const root = roots.find(each => frameworkIn(stack, each));
  const framework = root === undefined ? undefined : frameworkIn(stack, root);
  if (root === undefined || !framework) return [];
  const files = filesIn(stack, root);
  const mapped = framework.mapped(stack, files);
  const values = new Map<string, SettingSecret>();
  for (const path of framework.files(files, service, stack)) {
    const source = sourceOf(stack, path);
    for (const setting of source ? settingsIn(source) : []) {
      const key = plain(setting.path.join("."));
      const value = framework.fallback(setting.value);
      if (value === undefined || !isKey(setting.path) || !isCredential(value.text) || value.text.length < 6)
        values.delete(key);
      else if (isGiven(service, [key, ...value.names.map(plain), ...(mapped.get(key) ?? [])]))
        values.delete(key);
      else if (hasUnseenEnvironment(service) && value.names.some(name => setByRelease(stack).has(name)))
        values.delete(key);
      else
        values.set(key, {
          ...setting,
          name: setting.path.join(framework.joint),
          supply: hasUnseenEnvironment(service) ? "maybe" : "never",
        });
    }
  }
  return [...values.values()].filter(each =>
    isUsed(stack, service, filesIn(stack, roots.at(-1)!), framework.code, each),
  );
}

/** The files that a Spring service reads, the later ones win; none where others may be read in their place. */
export function springFiles(stack: Stack, service: Service): readonly string[] {
  const root = programOf(service).find(each => frameworkIn(stack, each)?.code.test("x.java"));
  return root === undefined || isFilled(service)
    ? []
    : frameworkIn(stack, root)!.files(filesIn(stack, root), service, stack);
}

/** A value of Spring's own settings as it is in force, with the variable of the service that replaces it. */
export function springSetting(stack: Stack, service: Service, key: string): SettingSecret | undefined {
  const files = springFiles(stack, service);
  const framework = frameworks.find(({ code }) => code.test("x.java"))!;
  if (files.length === 0) return undefined;
  const wanted = plain(key);
  const given = service.environment.findLast(each => plain(each.name) === wanted);
  const supply = hasUnseenEnvironment(service) ? "maybe" : "never";
  if (given)
    return given.value?.text
      ? { path: key.split("."), name: key, value: given.value.text, at: given.nameAt, supply: "never" }
      : undefined;
  let found: SettingSecret | undefined;
  for (const path of files) {
    const source = sourceOf(stack, path);
    for (const setting of source ? settingsIn(source) : []) {
      if (plain(setting.path.join(".")) !== wanted) continue;
      const value = framework.fallback(setting.value);
      const name = value?.names.findLast(each => service.environment.some(entry => entry.name === each));
      const own = service.environment.find(entry => entry.name === name)?.value?.text;
      const text = name === undefined ? value?.text : own;
      found = text === undefined ? undefined : { ...setting, value: text, name: key, supply };
    }
  }
  return found;
}

function filesIn(stack: Stack, root: string): readonly string[] {
  return filesBelow(stack.files, root).filter(path => !isVendored(path));
}

const found = new WeakMap<Stack, Map<string, Framework | undefined>>();

/** The framework whose files lie below a directory; services of one image ask for the same. */
function frameworkIn(stack: Stack, root: string): Framework | undefined {
  const known = found.get(stack) ?? new Map<string, Framework | undefined>();
  found.set(stack, known);
  if (!known.has(root)) {
    const paths = filesBelow(stack.files, root);
    known.set(
      root,
      frameworks.find(({ marks }) => paths.some(path => marks.test(path) && !isVendored(path))),
    );
  }
  return known.get(root);
}

/** The directories that the program of a service may lie in, the nearest first, the context of its image last. */
function programOf({ build, made, component }: Service): string[] {
  const recipe = build ?? made;
  if (!recipe?.dockerfile || recipe.context === undefined) return [];
  const { context } = recipe;
  // A program of another kind that has a directory of its own reads nothing beside it.
  if (component && component.dir !== context && inside(context, component.dir) !== undefined)
    return [component.dir];
  const near = [component?.dir, dirname(recipe.dockerfilePath ?? "")].filter(
    dir => dir !== undefined && inside(context, dir) !== undefined,
  );
  return [...new Set([...(near as string[]), context])];
}

/** A file that is mounted into the container may be the settings, with other values. */
function isFilled({ mounts, secrets }: Service): boolean {
  return (
    secrets.length > 0 ||
    mounts.some(({ target }) => /appsettings|application|\/config(?:\/|$)/i.test(target))
  );
}

interface Framework {
  readonly marks: RegExp;
  readonly code: RegExp;
  readonly joint: string;
  /** The files that it reads, the later ones win. */
  files(paths: readonly string[], service: Service, stack: Stack): string[];
  /** What is used while no variable is set, and the variables. Undefined when a value is put there by others. */
  fallback(value: string): { readonly text: string; readonly names: readonly string[] } | undefined;
  /** Variables that replace a value by a list of the project's own. */
  mapped(stack: Stack, paths: readonly string[]): ReadonlyMap<string, readonly string[]>;
}

const nothing = () => new Map<string, readonly string[]>();

const frameworks: readonly Framework[] = [
  {
    marks: /\.csproj$/,
    code: /\.cs$/,
    joint: ":",
    files(paths, service) {
      const active =
        environmentText(service, "ASPNETCORE_ENVIRONMENT") ?? environmentText(service, "DOTNET_ENVIRONMENT");
      return named(paths, ["appsettings.json", `appsettings.${active ?? "Production"}.json`]);
    },
    fallback: text => (/[#$%]\{|\{\{|__\w+__/.test(text) ? undefined : { text, names: [] }),
    mapped: nothing,
  },
  {
    marks: /(?:^|\/)src\/main\/resources\/application\.(?:ya?ml|properties)$/,
    code: /\.(?:java|kt|groovy)$/,
    joint: ".",
    files(paths, service, stack) {
      const main = paths.filter(path => /(?:^|\/)src\/main\/resources\/[^/]+$/.test(path));
      return [
        "application",
        ...springProfiles(stack, service, main).map(profile => `application-${profile}`),
      ].flatMap(name => named(main, [`${name}.properties`, `${name}.yml`, `${name}.yaml`]));
    },
    fallback(value) {
      const names: string[] = [];
      let text = value;
      for (
        let found = /^\$\{([\w.-]+):(.*)\}$/s.exec(text);
        found;
        found = /^\$\{([\w.-]+):(.*)\}$/s.exec(text)
      ) {
        names.push(found[1]!);
        text = found[2]!;
      }
      return /\$\{|@\w[\w.]*@/.test(text) ? undefined : { text, names };
    },
    mapped: nothing,
  },
  {
    marks: /(?:^|\/)config\/default\.json5?$/,
    code: /\.[cm]?[jt]sx?$/,
    joint: ".",
    files(paths, service) {
      const own = paths.filter(path => /(?:^|\/)config\/[^/]+$/.test(path));
      if (service.environment.some(({ name }) => name === "NODE_CONFIG")) return [];
      return named(own, ["default.json", `${environmentText(service, "NODE_ENV") ?? "production"}.json`]);
    },
    fallback: text => (/\$\{|\{\{/.test(text) ? undefined : { text, names: [] }),
    mapped(stack, paths) {
      const path = paths.find(each => /(?:^|\/)config\/custom-environment-variables\.json5?$/.test(each));
      const read = path === undefined ? undefined : stack.files.read(path);
      const found = read && "source" in read ? settingsIn(read.source) : [];
      return new Map(found.map(each => [plain(each.path.join(".")), [plain(each.value)]]));
    },
  },
];

/** The files of these names, each name's shortest path: copies in tests and builds lie deeper. */
function named(paths: readonly string[], names: readonly string[]): string[] {
  return names.flatMap(name => {
    const found = paths.filter(path => basename(path) === name && !isTest(path));
    return found.toSorted((a, b) => a.length - b.length).slice(0, 1);
  });
}

/** `Jwt.SigningKey`: with its parent, because `Stripe.SecretKey` is another matter. */
function isKey(path: readonly string[]): boolean {
  const words = path
    .slice(-2)
    .map(word => word.replace(/([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, "$1$3_$2").replace(/-/g, "_"));
  // `JWTSettings:Key`: the section is called after what it holds.
  const name = words
    .join("_")
    .toUpperCase()
    .replace(/_(?:SETTINGS?|OPTIONS?|CONFIG(?:URATION)?)(?=_)/, "");
  // What a picture of letters is drawn from opens nothing.
  if (/CAPTCHA/.test(name)) return false;
  return (
    isSigningName(name) || /(?:^|_)(?:JWT|SESSION|COOKIE|TOKEN)_(?:KEY|SECRET|BASE64_SECRET)$/.test(name)
  );
}

function plain(name: string): string {
  return name.replace(/[_.:-]/g, "").toLowerCase();
}

/** Compose gives another value, as a variable or as an argument. */
function isGiven(service: Service, keys: readonly string[]): boolean {
  const words = (service.process?.commands ?? []).flat().map(word => word.value ?? "");
  const given = [
    ...service.environment.filter(each => each.value?.text !== "").map(each => each.name),
    ...words.map(word => /^-+D?([\w.:-]+)=/.exec(word)?.[1] ?? ""),
  ];
  return given.some(name => keys.includes(plain(name)));
}

const mostFiles = 600;

/** Some code names the key, or takes all of what it stands in; no variable that the code asks for itself is given. */
function isUsed(
  stack: Stack,
  service: Service,
  paths: readonly string[],
  code: RegExp,
  { path }: Setting,
): boolean {
  const last = new RegExp(`(?<![A-Za-z0-9])${path.at(-1)!.replace(/-/g, "-?")}(?![A-Za-z0-9])`, "i");
  const whole = path.length > 1 ? new RegExp(`\\bconfig\\b.{0,6}\\b${path.at(-2)}\\b`, "i") : last;
  let used = false;
  for (const file of paths.filter(each => code.test(each) && !isTest(each)).slice(0, mostFiles)) {
    const read = stack.files.read(file);
    if (!("source" in read)) continue;
    const { text } = read.source;
    for (const [, name = ""] of text.matchAll(
      /GetEnvironmentVariable\(\s*"(\w*(?:JWT|SIGN|SECRET|TOKEN)\w*)"/gi,
    ))
      if (service.environment.some(each => each.name === name && each.value?.text !== "")) return false;
    used ||= last.test(text) || whole.test(text);
  }
  return used;
}
