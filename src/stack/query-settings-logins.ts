import { isTest, isVendored } from "../artifacts/project-files.ts";
import { type Setting, settingsFiles, settingsIn } from "../artifacts/settings-file.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Location } from "../core/source.ts";
import { credentialsInUrl, isWeakSecret } from "../formats/secret.ts";
import { isPublic, isReal } from "./query-documented-logins.ts";
import { isAppPassword, isMixed, isNamedHost, opensOutside } from "./query-example-secrets.ts";
import { committedCredentials } from "./query-secrets.ts";
import type { Stack } from "./stack.ts";

/** Logins to what lies on the internet, in the settings files that .NET, Spring and node-config read by themselves. */

export interface SettingsLogin {
  /** What it opens, in words: `160.187.241.108`, "an account of AWS". */
  readonly opens: string;
  readonly secret: string;
  /** Where it stands, never empty. */
  readonly places: readonly Location[];
}

/** One for each secret. What a Compose file logs in with as well is told there. */
export function settingsLogins(stack: Stack): SettingsLogin[] {
  const told = new Set(
    committedCredentials(stack).flatMap(({ outside, value }) => (outside === undefined ? [] : [value])),
  );
  const found = new Map<string, { opens: string; secret: string; places: Location[] }>();
  for (const path of settingsFiles([...stack.sources.keys()])) {
    if (isTest(path) || isVendored(path) || built.test(path) || stack.files.tracked(path) !== true) continue;
    const settings = settingsIn(sourceOf(stack, path)!);
    for (const setting of settings) {
      const login = loginIn(setting, settings);
      if (!login || told.has(login.secret)) continue;
      const known = found.get(login.secret) ?? { ...login, places: [] };
      found.set(login.secret, known);
      known.places.push(setting.at);
    }
  }
  return [...found.values()];
}

const built = /(?:^|\/)(?:bin|obj|target|build|out)\//;

type Login = Pick<SettingsLogin, "opens" | "secret">;

function loginIn(setting: Setting, all: readonly Setting[]): Login | undefined {
  const { value } = setting;
  const last = setting.path.at(-1)!;
  const beside = all.filter(each => each !== setting && sectionOf(each) === sectionOf(setting));
  // The name that goes with a key of AWS is none.
  if (!/^A[KS]IA/.test(value) && opensOutside(value, false, last)) {
    const host = credentialsInUrl(value) ? /@([\w.-]+)/.exec(value)?.[1] : undefined;
    return { opens: host ?? "an account of a service", secret: value };
  }
  return inConnection(value) ?? inPassword(setting, beside) ?? inPair(last, value, beside);
}

function sectionOf({ path }: Setting): string {
  return path.slice(0, -1).join("\n").toLowerCase();
}

/** `Server=93.184.216.34,1433;Database=Shop;User Id=sa;Password=...`. */
function inConnection(value: string): Login | undefined {
  const parts = new Map(
    value.split(";").map(part => {
      const [name = "", ...rest] = part.split("=");
      return [name.trim().toLowerCase(), rest.join("=").trim()] as const;
    }),
  );
  const secret = parts.get("password") ?? parts.get("pwd");
  const server = parts.get("server") ?? parts.get("host") ?? parts.get("data source") ?? parts.get("address");
  const host = server === undefined ? undefined : hostIn(server.replace(/^tcp:/, ""));
  return host !== undefined && secret !== undefined && opens(host, secret)
    ? { opens: host, secret }
    : undefined;
}

const passwordName = /(?:password|passwd|pwd)$/i;
const hostName = /(?:host|hostname|server|smtp|url|uri|address|endpoint)$/i;

/** `Smtp: { Host, User, Password }`: an address beside the password. */
function inPassword({ path, value }: Setting, beside: readonly Setting[]): Login | undefined {
  if (!passwordName.test(path.at(-1)!) || /keystore|truststore|certificate/i.test(path.join(".")))
    return undefined;
  for (const each of beside.filter(other => hostName.test(other.path.at(-1)!))) {
    const host = hostIn(each.value);
    if (host === undefined) continue;
    if (opens(host, value) || (/gmail\.com$/.test(host) && isAppPassword(value)))
      return { opens: host, secret: value };
  }
  return undefined;
}

/** Of AWS and of Cloudinary: a secret of their form, beside the name that they give with it. */
function inPair(name: string, value: string, beside: readonly Setting[]): Login | undefined {
  const has = (form: RegExp) => beside.some(each => form.test(each.value) && !/EXAMPLE/.test(each.value));
  if (
    /^[A-Za-z0-9/+]{40}$/.test(value) &&
    !/EXAMPLE/.test(value) &&
    has(/^AKIA[A-Z0-9]{16}$/) &&
    isMixed(value)
  )
    return { opens: "an account of AWS", secret: value };
  const isCloudinary = beside.some(each => /^cloud_?name$/i.test(each.path.at(-1)!)) && has(/^\d{15}$/);
  if (isCloudinary && /secret$/i.test(name) && /^[\w-]{27}$/.test(value) && isMixed(value))
    return { opens: "an account of Cloudinary", secret: value };
  return undefined;
}

/** The host of an address with or without a scheme, a port and a path. */
function hostIn(address: string): string | undefined {
  return /^(?:[a-z][a-z0-9+.:-]*:\/\/)?([a-z0-9][a-z0-9.-]*\.[a-z0-9-]+)(?:\s*[,:]\s*\d+)?(?:[/?;\\].*)?$/i.exec(
    address.trim(),
  )?.[1];
}

function opens(host: string, password: string): boolean {
  if (!isReal(password)) return false;
  if (/^\d+(?:\.\d+){3}$/.test(host)) return isPublic(host);
  return isNamedHost(host) && !isWeakSecret(password) && isMixed(password);
}
