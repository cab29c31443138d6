import { djangoSettings } from "../artifacts/django.ts";
import { type DjangoSettings, refusals } from "../artifacts/django-settings.ts";
import { concrete, envUses, isTruthy, type Lookup, type Value } from "../artifacts/value.ts";
import { join } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Location } from "../core/source.ts";
import { isIgnored } from "../formats/dockerignore.ts";
import type { ImageModel } from "./image/image.ts";
import { runCommands } from "./image/run-commands.ts";
import { mayAppear } from "./query-build.ts";
import { settingsInForce } from "./query-settings.ts";
import type { Build, Service, Stack } from "./stack.ts";

/** Commands of Django that a build runs with settings which ask for variables that no build has. */

export interface StoppedBuild {
  /** The command of the Dockerfile. */
  readonly at: Location;
  readonly command: string;
  /** Where the settings stop, with the variable when one is read there. */
  readonly stops: readonly { readonly at: Location; readonly name?: string }[];
}

/** These read a file beside the program, which a machine that builds may have. */
const readsDotenv =
  /\b(?:load_dotenv|read_env|dotenv_values|find_dotenv|read_envfile|env_file)\b|\bdecouple\b/;

export function* stoppedBuilds(stack: Stack, build: Build, stage: ImageModel): Generator<StoppedBuild> {
  for (const run of stage.stage.runs) {
    if (run.flags.some(flag => flag.name === "mount")) continue;
    const workdir = run.workdir?.startsWith("/") ? run.workdir : stage.workdir;
    for (const command of runCommands(run, workdir)) {
      const words = command.words.map(word => word.value);
      const at = words.findIndex(word => word === "manage.py" || word === "./manage.py");
      const verb = at === -1 ? undefined : words[at + 1];
      if (!verb || !command.decisive || command.directory === undefined) continue;
      if (!/^(?:collectstatic|compress|compilemessages|migrate|check|tailwind)$/.test(verb)) continue;
      const manage = stage.fileBefore(command.at, join(command.directory, "manage.py")).source;
      const component = stack.components.find(
        each => each.django && join(each.django.dir, "manage.py") === manage,
      );
      if (!component?.django) continue;
      const given = buildVariables(stage, build, run.fragment.text);
      const option = words.find(word => word?.startsWith("--settings="))?.slice("--settings=".length);
      const module = option ?? given("DJANGO_SETTINGS_MODULE");
      if (module === undefined && given("DJANGO_SETTINGS_MODULE") === undefined) continue;
      const settings = djangoSettings(component.files, component.django, module ?? undefined);
      if (!settings || mayReadDotenv(stack, build, stage, command.at, command.directory, settings)) continue;
      const stops = [
        ...[...settings.values.values()].flatMap(value => demands(value, given)),
        ...refusals(settings, given).map(place => ({ at: place })),
      ];
      if (stops.length > 0) yield { at: command.at, command: `manage.py ${verb}`, stops };
    }
  }
}

/** What a build gives the command: ENV, ARG with a value, and what stands in the step itself, whose value may be anything. */
export function buildVariables(stage: ImageModel, build: Build, text: string): Lookup {
  return name => {
    if (new RegExp(`(?:^|[\\s;&"'])${name}=`).test(text)) return undefined;
    const arg = build.args.find(each => each.name === name);
    if (arg) return arg.value?.text;
    const env = stage.env.get(name)?.value;
    if (env !== undefined) return env.includes("$") ? undefined : env;
    // An ARG without a value may be given by whoever builds.
    const declared = stage.stage.args.find(each => each.name.value === name);
    return declared ? declared.value?.value : null;
  };
}

/** Reads of the environment that surely happen, and end the program. */
function demands(value: Value, lookup: Lookup): { at: Location; name: string }[] {
  switch (value.kind) {
    case "env": {
      const { env, fallback } = value;
      if (env.names.some(name => lookup(name) !== null)) return [];
      if (fallback) return demands(fallback, lookup);
      return env.required ? [{ at: env.at, name: env.names[0]! }] : [];
    }
    case "list":
      return value.items.flatMap(each => demands(each, lookup));
    case "dict":
      return value.entries.flatMap(each => demands(each.value, lookup));
    case "derived": {
      const [first] = value.from;
      const [use] = value.needsFirst && first ? envUses(first) : [];
      if (use && concrete(first!, lookup) === null) return [{ at: value.at, name: use.names[0]! }];
      return value.from.flatMap(each => demands(each, lookup));
    }
    case "choice": {
      const test = concrete(value.test, lookup);
      return test === undefined ? [] : demands(isTruthy(test) ? value.yes : value.no, lookup);
    }
    default:
      return [];
  }
}

/** Variables that the settings of a running service stop without; a `.env` beside the program is thought of. */
export function settingsStops(
  stack: Stack,
  service: Service,
  lookup?: Lookup,
): { at: Location; name: string }[] {
  const here = settingsInForce(stack).find(each => each.services.includes(service));
  if (!here) return [];
  const seen = new Set<string>();
  return [...here.settings.values.values()]
    .flatMap(value => demands(value, lookup ?? here.lookup))
    .filter(({ at, name }) => !seen.has(name) && isAssigned(stack, at) && seen.add(name));
}

/** In a plain assignment, or below a condition: what is tried may fail. */
function isAssigned(stack: Stack, at: Location): boolean {
  const lines = (sourceOf(stack, at.file)?.text ?? "").slice(0, at.span.end).split("\n");
  const start = lines.findLast(line => /^[^\s#)\]}]/.test(line)) ?? "";
  return /^[A-Za-z_]\w*\s*(?::[^=]*)?\+?=|^(?:if|elif|else)\b/.test(start);
}

function mayReadDotenv(
  stack: Stack,
  build: Build,
  stage: ImageModel,
  at: Location,
  directory: string,
  settings: DjangoSettings,
): boolean {
  const texts = settings.files.map(file => {
    const read = stack.files.read(file);
    return "source" in read ? read.source.text : "";
  });
  if (!texts.some(text => readsDotenv.test(text))) return false;
  // A step that writes or brings one.
  if (stage.stage.runs.some(run => /(?<![\w.-])\.env(?![\w.-])/.test(run.fragment.text))) return true;
  for (const place of [directory, join(directory, "..")]) {
    if (stage.fileBefore(at, join(place, ".env")).has === "yes") return true;
  }
  const path = join(build.context ?? "", ".env");
  return !(build.ignore && isIgnored(build.ignore.rules, ".env").ignored) && mayAppear(stack, build, path);
}
