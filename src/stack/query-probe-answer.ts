import { ownFiles } from "../artifacts/project-files.ts";
import type { Location } from "../core/source.ts";
import { locate } from "../core/source.ts";
import type { AppComponent } from "./app/detect.ts";
import { appAnswer, type HttpProbe } from "./query-health.ts";
import { type SettingsInForce, settingHere, settingsInForce, textsOf } from "./query-settings.ts";
import type { Service, Stack } from "./stack.ts";

/** What stands between a health check and the view that it asks for, in Django. */
export interface ProbeHindrance {
  readonly kind: "host" | "tls" | "login";
  readonly at: Location;
  readonly shows: string;
  /** As the end of a sentence: "Django answers 400, because ...". */
  readonly text: string;
}

/** Undefined where the view is reached, and where that cannot be told. */
export function probeHindrance(stack: Stack, service: Service, probe: HttpProbe): ProbeHindrance | undefined {
  const here = settingsInForce(stack).find(each => each.services.includes(service));
  if (!here?.complete || probe.scheme !== "http") return undefined;
  const middleware = textsOf(settingHere(here, "MIDDLEWARE")?.value);
  if (!middleware) return undefined;
  return (
    refusedHost(here, middleware, probe) ??
    sentToTls(here, middleware, probe) ??
    closedView(stack, service, here, probe)
  );
}

/** These answer nothing by themselves that a health check asks for. */
const silent =
  /^(?:django\.|corsheaders\.|whitenoise\.|debug_toolbar\.|allauth\.|csp\.|simple_history\.|django_prometheus\.)/;

/** It runs, and nothing of the project's own answers before it. */
function isReached(middleware: readonly string[], name: string): boolean {
  const index = middleware.indexOf(name);
  return index !== -1 && middleware.slice(0, index).every(each => silent.test(each));
}

function refusedHost(
  here: SettingsInForce,
  middleware: readonly string[],
  probe: HttpProbe,
): ProbeHindrance | undefined {
  const found = settingHere(here, "ALLOWED_HOSTS");
  const hosts = textsOf(found?.value);
  const debug = settingHere(here, "DEBUG");
  // Without any name everything is refused, which is told of visitors first.
  if (!found || !hosts?.some(host => host !== "") || (debug && debug.value !== false)) return undefined;
  // A form that somebody still fills in.
  if (hosts.some(entry => /your|<|change-?me|placeholder/i.test(entry))) return undefined;
  if (!isReached(middleware, "django.middleware.common.CommonMiddleware")) return undefined;
  const host = probe.host.toLowerCase();
  const accepted = hosts.some(
    entry =>
      entry === "*" || entry.toLowerCase() === host || (entry.startsWith(".") && `.${host}`.endsWith(entry)),
  );
  if (accepted) return undefined;
  return {
    kind: "host",
    at: found.givenAt ?? found.at,
    shows: `does not hold "${probe.host}"`,
    text: `Django answers 400, because ALLOWED_HOSTS does not hold "${probe.host}"`,
  };
}

function sentToTls(
  here: SettingsInForce,
  middleware: readonly string[],
  probe: HttpProbe,
): ProbeHindrance | undefined {
  const found = settingHere(here, "SECURE_SSL_REDIRECT");
  if (found?.value !== true || !isReached(middleware, "django.middleware.security.SecurityMiddleware"))
    return undefined;
  const exempt = settingHere(here, "SECURE_REDIRECT_EXEMPT");
  const patterns = exempt ? textsOf(exempt.value) : [];
  if (!patterns || patterns.some(pattern => mayMatch(pattern, probe.path.replace(/^\//, ""))))
    return undefined;
  return {
    kind: "tls",
    at: found.givenAt ?? found.at,
    shows: "sends plain HTTP on to https://",
    text: "Django sends it on to https://, because the request comes without TLS",
  };
}

function mayMatch(pattern: string, path: string): boolean {
  try {
    return new RegExp(pattern).test(path);
  } catch {
    // Decision: a dialect that JavaScript does not know may match.
    return true;
  }
}

const closing = /\b(?:IsAuthenticated|IsAdminUser|DjangoModelPermissions)\b/;

/** A view of Django REST framework that wants a login: by its own words, or by the settings' where it has none. */
function closedView(
  stack: Stack,
  service: Service,
  here: SettingsInForce,
  probe: HttpProbe,
): ProbeHindrance | undefined {
  const { component } = service;
  const answer = appAnswer(stack, service, probe.path);
  if (!component?.django || answer?.answer !== "yes" || !answer.at) return undefined;
  const route =
    component.files.read(answer.at.file)?.text.slice(answer.at.span.start, answer.at.span.end) ?? "";
  const name = /^\w*\(\s*r?["'][^"']*["']\s*,\s*(?:\w+\.)*?(\w+)(?:\.as_view\b|\s*[,)])/.exec(route)?.[1];
  const view = name === undefined ? undefined : definition(component, name);
  if (!view || !/@api_view|\((?:\w+\.)*(?:APIView|GenericAPIView|\w*ViewSet)\b/.test(view.text))
    return undefined;
  if (/\bdef get_permissions\b|\bdef (?:initial|dispatch|check_permissions)\b/.test(view.text))
    return undefined;
  const own = /permission_classes\s*(?:=\s*|\(\s*)([[(][^\])]*[\])])/.exec(view.text);
  if (own) {
    if (!/^[[(]\s*(?:\w+\.)*IsAuthenticated\s*,?\s*[\])]$/.test(own[1]!)) return undefined;
    const start = view.start + own.index;
    return login({ file: view.at.file, span: { start, end: start + own[0].length } });
  }
  const framework = here.settings.values.get("REST_FRAMEWORK");
  const entry =
    framework?.kind === "dict"
      ? framework.entries.findLast(({ key }) => key === "DEFAULT_PERMISSION_CLASSES")
      : undefined;
  if (entry?.value.kind !== "list" || !entry.value.complete) return undefined;
  const classes = entry.value.items.map(item => (item.kind === "literal" ? String(item.value) : ""));
  return classes.length > 0 && classes.every(each => closing.test(each)) ? login(entry.value.at) : undefined;
}

function login(at: Location): ProbeHindrance {
  return {
    kind: "login",
    at,
    shows: "wants a login",
    text: "Django REST framework refuses it with 401 or 403, because the view wants a login",
  };
}

/** The decorators and the body of a view, where one place alone defines that name. */
function definition(
  { files, dir }: AppComponent,
  name: string,
): { text: string; at: Location; start: number } | undefined {
  const wanted = new RegExp(
    `^((?:@[^\\n]*\\n(?:[ \\t)\\]}][^\\n]*\\n)*)*)(?:async )?(?:def|class) ${name}\\b[^\\n]*\\n(?:(?:[ \\t)][^\\n]*)?\\n)*`,
    "m",
  );
  const found = ownFiles(files, dir).flatMap(path => {
    if (!path.endsWith(".py")) return [];
    const source = files.read(path);
    const match = source?.text.includes(name) ? wanted.exec(source.text) : undefined;
    if (!source || !match) return [];
    const at = locate(source, match.index, match.index + match[0].length);
    return [{ text: match[0], at, start: match.index }];
  });
  return found.length === 1 ? found[0] : undefined;
}
