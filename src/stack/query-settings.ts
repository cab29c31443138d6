import { djangoEntryFile, djangoSettings } from "../artifacts/django.ts";
import type { DjangoSettings } from "../artifacts/django-settings.ts";
import { type Concrete, concrete, type Lookup, type SettingValue, settingValue } from "../artifacts/value.ts";
import { dirname, inside, join } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Located, Location } from "../core/source.ts";
import { isIgnored } from "../formats/dockerignore.ts";
import { serverServices } from "./query.ts";
import { hasUnseenEnvironment, lookupOf, namedModule, settingsOf } from "./query-environment.ts";
import { openPorts } from "./query-ports.ts";
import type { Service, Stack } from "./stack.ts";

/** Questions about the settings that a deployed Django runs with. */

/** One settings module in one project, with the web services that run it. */
export interface SettingsInForce {
  readonly settings: DjangoSettings;
  /** The services that answer requests with them; never empty. */
  readonly services: readonly Service[];
  readonly service: Service;
  readonly lookup: Lookup;
  /** False when names may be set where nobody sees it: every absence is then only likely. */
  readonly complete: boolean;
}

const servers =
  /^(?:gunicorn|uvicorn|daphne|hypercorn|granian|uwsgi|waitress-serve|mod_wsgi-express|nginx-unit|unitd)$/;
const readsDotenv = /\b(?:load_dotenv|read_env|dotenv_values|find_dotenv|read_envfile)\b|\bdecouple\b/;

const answers = new WeakMap<Stack, readonly SettingsInForce[]>();

/** The settings of every Django service that has to stay up and answers requests; each module of a project once. */
export function settingsInForce(stack: Stack): readonly SettingsInForce[] {
  const known = answers.get(stack);
  if (known) return known;
  const found = findSettings(stack);
  answers.set(stack, found);
  return found;
}

function findSettings(stack: Stack): readonly SettingsInForce[] {
  const found = new Map<string, SettingsInForce & { services: Service[] }>();
  for (const service of serverServices(stack)) {
    if (!servesRequests(service)) continue;
    const settings = settingsServed(service);
    if (!settings) continue;
    const key = `${service.project.files.join("+")}\n${settings.file}`;
    const before = found.get(key);
    if (before) before.services.push(service);
    else
      found.set(key, {
        settings,
        services: [service],
        service,
        lookup: lookupWithDotenv(stack, service, settings),
        complete:
          settings.unseen.length === 0 &&
          (namedModule(service) !== undefined || !hasUnseenEnvironment(service)),
      });
  }
  return [...found.values()];
}

const moduleInCode = /DJANGO_SETTINGS_MODULE["']\s*[,\]]\s*(?:=\s*)?["']([\w.]+)["']/;

/** The module that the environment names, else the one of the WSGI or ASGI file that is served: manage.py may say another. */
function settingsServed(service: Service): DjangoSettings | undefined {
  const { component, process } = service;
  if (!component?.django || namedModule(service) !== undefined) return settingsOf(service);
  const target = [process?.argv ?? [], daemonsOf(service)]
    .flat()
    .find(word => /^[\w.]+\.(?:wsgi|asgi|routing)(?::\w+)?$/.test(word.value ?? ""))?.value;
  if (target === undefined)
    return process?.argv.some(word => word.value?.startsWith("runserver")) ? settingsOf(service) : undefined;
  const entry = djangoEntryFile(component.files, component.django, target.split(":")[0]!);
  const source = entry === undefined ? undefined : component.files.read(entry);
  const module = source && moduleInCode.exec(source.text)?.[1];
  return module === undefined ? undefined : djangoSettings(component.files, component.django, module);
}

/** Whether requests from other machines reach it: by a port of its own, or through something published beside it. */
export function isReached(service: Service): boolean {
  if (openPorts(service).length > 0) return true;
  if (service.labels.some(label => /^traefik\.|^caddy/.test(label.name))) return true;
  if (service.environment.some(variable => variable.name === "VIRTUAL_HOST")) return true;
  return service.project.services.some(other => other.kind === "proxy" && openPorts(other).length > 0);
}

/** A server of HTTP by its command: workers and schedulers load the same settings, but nobody calls them. */
export function servesRequests(service: Service): boolean {
  const { process } = service;
  if (!process) return false;
  const program = process.program?.value ?? "";
  return (
    servers.test(program) ||
    process.argv.some(word => /^runserver(?:_plus)?$/.test(word.value ?? "")) ||
    daemonsOf(service).length > 0
  );
}

/** The words of a server that goes to the background, before the command that stays: `gunicorn --daemon`. */
function daemonsOf({ process }: Service): readonly Located<string | undefined>[] {
  const commands = process?.commands.slice(0, -1) ?? [];
  return commands
    .filter(
      words =>
        servers.test(words[0]?.value ?? "") &&
        words.some(word => /^(?:--daemon(?:ize)?|-D)$/.test(word.value ?? "")),
    )
    .flat();
}

/** A program that reads a .env file by itself may find one in its image: what Compose does not set is not known then. */
function lookupWithDotenv(stack: Stack, service: Service, settings: DjangoSettings): Lookup {
  const plain = lookupOf(service);
  const reads = settings.files.some(file => readsDotenv.test(sourceOf(stack, file)?.text ?? ""));
  if (!reads || leavesDotenvOut(service)) return plain;
  return name => plain(name) ?? undefined;
}

/** No `.env` gets into the container: the ignore file of its build keeps it out, and nothing is mounted or written. */
function leavesDotenvOut({ build, component, mounts }: Service): boolean {
  const { ignore, context, stage } = build ?? {};
  if (!ignore || context === undefined || !stage || mounts.some(mount => mount.type === "bind")) return false;
  if (stage.runs.some(run => /\.env\b/.test(run.fragment.text))) return false;
  if (stage.copies.some(copy => copy.sources.some(({ value }) => /\.env\b/.test(value)))) return false;
  // The program's own folder, and those above it where the libraries look, too.
  let folder = inside(context, component?.dir ?? context) ?? "";
  for (; isIgnored(ignore.rules, join(folder, ".env")).ignored; folder = dirname(folder))
    if (folder === "") return true;
  return false;
}

/** A setting as this deployment has it; nothing where the settings leave it at Django's default. */
export interface SettingHere {
  /** Undefined when it cannot be told. */
  readonly value: Concrete | undefined;
  readonly at: Location;
  /** The variable that the service sets for it. */
  readonly givenAt?: Location;
  readonly setting?: SettingValue;
}

export function settingHere(here: SettingsInForce, name: string): SettingHere | undefined {
  const value = here.settings.values.get(name);
  if (!value) return undefined;
  const setting = settingValue(value);
  const names = setting.env?.names ?? [];
  const given = here.service.environment.find(variable => names.includes(variable.name));
  return {
    value: concrete(value, here.lookup),
    at: value.at,
    setting,
    ...(given ? { givenAt: given.nameAt } : {}),
  };
}

/** All applications are seen, and none of them knows users: nobody has a login that could be misused. */
export function hasNoLogins(here: SettingsInForce): boolean {
  const installed = textsOf(settingHere(here, "INSTALLED_APPS")?.value);
  const middleware = textsOf(settingHere(here, "MIDDLEWARE")?.value);
  const users = /(?:^|[._])(?:auth|accounts?|allauth|oauth\w*|oidc|users?|login|jwt|knox)(?:[._]|$)/i;
  return (
    here.complete &&
    installed !== undefined &&
    middleware !== undefined &&
    ![...installed, ...middleware].some(each => users.test(each.replace("AuthenticationM", "auth.m")))
  );
}

/** The texts of a list; undefined when any of it is not known, or it is no list of texts. */
export function textsOf(value: Concrete | undefined): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.every(item => typeof item === "string") ? (value as readonly string[]) : undefined;
}
