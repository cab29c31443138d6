import { djangoSetting } from "../artifacts/django-settings.ts";
import { filesBelow, isTest, isVendored, ownFiles } from "../artifacts/project-files.ts";
import { envUses } from "../artifacts/value.ts";
import { basename } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import { type Location, locate } from "../core/source.ts";
import { credentialsInUrl, isPlaceholder, isSecretName, isWeakSecret } from "../formats/secret.ts";
import type { AppComponent } from "./app/detect.ts";
import { gradeOf, isOptional, isStore } from "./query.ts";
import { isRun } from "./query-connections.ts";
import { componentReads, settingsOf, storeUrl } from "./query-environment.ts";
import { opensOutside } from "./query-example-secrets.ts";
import { isReplaced } from "./query-fallback-object.ts";
import { isIdleConnection, isNeverLoaded, isUnusedField } from "./query-idle-defaults.ts";
import type { Interpolated, Reference } from "./resolve/interpolate.ts";
import type { ComposeProject, Grade, Service, Stack, Variable } from "./stack.ts";

/** Questions about credentials. Their values stay in here and in comparisons: no message may hold one. */

export interface Credential {
  /** The variable that holds it. */
  readonly name: string;
  readonly value: string;
  readonly at: Location;
  /** literal: always used; default: used while the variable in `reference` is not set. */
  readonly kind: "literal" | "default";
  readonly reference?: Reference;
  readonly service?: Service;
  readonly grade: Grade;
  /** A login to a host on the internet, or a token of its issuer: they open the same, whoever the file is for. */
  readonly outside?: "login" | "token";
  /** Its words ask for another value, and no pipeline is seen to ship it as it stands. */
  readonly asks?: boolean;
  /** Services that take the same text through an anchor, each with the variable that it gets it in. */
  readonly shared?: readonly { readonly name: string; readonly service: Service; readonly grade: Grade }[];
}

const publicPrefix = /^(?:NEXT_PUBLIC_|REACT_APP_|VITE_|NUXT_PUBLIC_|VUE_APP_|EXPO_PUBLIC_|GATSBY_)/;

/** Where nginx passes requests on to, as its own directives are called. */
const upstreamName = /(?:^|_)(?:UWSGI|PROXY|FASTCGI|GRPC|SCGI)_PASS$/;

/** A value that a person could use: not empty, no switch, no number of few digits, no reference. */
export function isCredential(value: string): boolean {
  const text = value.trim();
  if (text.length < 3 || filePath.test(text) || forPages.test(text)) return false;
  return !/^(?:true|false|none|null|yes|no|\d{1,3})$|\$\{|\$\(|^\$\w+$/i.test(text);
}

/** Mapbox and Stripe give pages keys that begin so: every visitor has them. */
const forPages = /^pk(?:\.eyJ|_(?:live|test)_)/;

/** Where a secret lies, or what something is called, is none: `agent:main`, `/run/secrets/db_password`, `%kernel.project_dir%/config/jwt/private.pem`, `account.json`. */
const filePath =
  /^[a-z]+(?::[a-z]+){2,}$|^(?:~|\.{1,2}|%[\w.]+%)?(?:\/[a-z0-9_.@-]+){2,}$|^[\w./@-]+\.(?:json|pem|p12)$/;

/** Credentials that stand in Compose files and Dockerfiles, each place once. Placeholders are none. */
export function committedCredentials(stack: Stack): Credential[] {
  const found: Credential[] = [];
  const seen = new Map<string, NonNullable<Credential["shared"]>[number][]>();
  for (const service of stack.services) {
    const grade = isOptional(service) ? "development" : gradeOf(service);
    // What a server starts as it stands runs as it stands, also when its words ask for another value.
    const { because } = service.project;
    // Somebody who starts it by hand may have edited it first.
    const edited = because.at === undefined;
    const placeholders = grade === "deployed" && (!edited || /says production/.test(because.text));
    const variables = service.environment.filter(each => each.from !== "env_file");
    for (const variable of [...variables, ...(service.build?.args ?? [])]) {
      // A placeholder in the image is for its build, where an env file of the server gives another value.
      const ofBuild = variable.from === "image" && service.envFiles.length > 0;
      for (const credential of credentialsOf(variable, placeholders && !ofBuild)) {
        const key = `${credential.at.file}:${credential.at.span.start}`;
        seen.get(key)?.push({ name: variable.name, service, grade });
        if (seen.has(key) || slot.test(credential.value)) continue;
        if (credential.reference && isRequired(service.project, credential.reference.name)) continue;
        const shared: NonNullable<Credential["shared"]>[number][] = [];
        seen.set(key, shared);
        const asks = edited && credential.kind === "literal" && isPlaceholder(credential.value);
        found.push({ ...credential, service, grade, shared, ...(asks ? { asks } : {}) });
      }
    }
  }
  for (const service of stack.services) {
    const place = required(service);
    const key = place && `${place.at.file}:${place.at.span.start}`;
    if (!place || !key || seen.has(key)) continue;
    seen.set(key, []);
    found.push({ ...place, service, grade: isOptional(service) ? "development" : gradeOf(service) });
  }
  // `username:password@` is how an address is written, unless some other place has the same password.
  return found.filter(
    ({ name, value, at, service }) =>
      !pattern.test(service?.environment.find(each => each.name === name)?.value?.raw ?? "") ||
      found.some(other => other.value === value && other.at !== at),
  );
}

/** `redis-server --requirepass 3nQ7...` as a Compose file has it. */
function required({ command }: Service): Written | undefined {
  const words = command?.words ?? [];
  const value = words[words.findIndex(word => word.value === "--requirepass") + 1];
  // A variable of Compose or of the container's shell is no literal.
  if (!command || value?.value === undefined || value === words[0] || command.text.includes("$"))
    return undefined;
  if (!isUsable(value.value) || slot.test(value.value)) return undefined;
  return { name: "--requirepass", value: value.value, at: value.at, kind: "literal" };
}

/** What another program puts the value in place of: `__DB_PASSWORD__`, `{{ password }}`, `%PASSWORD%`, `@PASSWORD@`. */
const slot = /^(?:__\w+__|\{\{.*\}\}|%\w+%|@\w+@|<%.*%>)$/;

const pattern = /:\/\/(?:user(?:name)?|your[-_]?user):(?:pass(?:word)?|your[-_]?pass(?:word)?)@/i;

/** Some service of the project has `${NAME:?...}`: Compose starts nothing with the default of another one. */
function isRequired(project: ComposeProject, name: string): boolean {
  return project.services.some(service =>
    service.environment.some(({ value }) =>
      value?.references.some(each => each.name === name && (each.operator === ":?" || each.operator === "?")),
    ),
  );
}

/** One group for each credential: a value that stands in several places is one secret. */
export function byValue(credentials: readonly Credential[]): Credential[][] {
  const groups = new Map<string, Credential[]>();
  for (const each of credentials) {
    const group = groups.get(each.value);
    if (group) group.push(each);
    else groups.set(each.value, [each]);
  }
  return [...groups.values()];
}

type Written = Pick<Credential, "name" | "value" | "at" | "kind" | "reference" | "outside">;

function credentialsOf({ name, value }: Variable, placeholders: boolean): Written[] {
  if (!value || publicPrefix.test(name) || upstreamName.test(name)) return [];
  const found: Written[] = [];
  if (isSecretName(name)) found.push(...ownValue(name, value, placeholders).map(issued));
  // What stands in `${X:-...}` is a default, and read below.
  const written = value.references.reduce((text, each) => text.replace(each.argument || "\0", ""), value.raw);
  const url = credentialsInUrl(written);
  // A lone `$` stands for itself.
  if (url && !/\$[A-Za-z_{(]/.test(url.password) && isUsable(url.password)) {
    const outside = opensOutside(written.trim()) ? ({ outside: "login" } as const) : {};
    found.push({ name, value: decode(url.password), at: value.at, kind: "literal", ...outside });
  }
  for (const reference of value.references) {
    if (!isSecretName(reference.name) || isSecretName(name)) continue;
    found.push(...defaultOf(name, reference));
  }
  for (const reference of value.references) {
    const inside = credentialsInUrl(reference.argument ?? "");
    if (isDefault(reference) && inside && !inside.password.includes("$") && isUsable(inside.password))
      found.push({ name, value: decode(inside.password), at: reference.at, kind: "default", reference });
  }
  return found;
}

const issued = (own: Written): Written =>
  opensOutside(own.value, true, own.name) ? { ...own, outside: "token" } : own;

function ownValue(name: string, value: Interpolated, placeholders: boolean): Written[] {
  if (value.references.length === 0) {
    const text = value.text ?? value.raw;
    const usable = isUsable(text) || (placeholders && isCredential(text) && !/^<.*>$/.test(text));
    return !text.includes("://") && usable && !isStandIn(name, text)
      ? [{ name, value: text, at: value.at, kind: "literal" }]
      : [];
  }
  // `prefix-${X:-default}`: only a value that is the reference alone.
  const [only, ...others] = value.references;
  const alone = only && others.length === 0 && /^\$\{.*\}$/s.test(value.raw.trim());
  return alone ? defaultOf(name, only) : [];
}

const issuedName =
  /(?:^|_)(?:API_?(?:TOKEN|KEY|SECRET)|(?:CLIENT|CONSUMER|OAUTH2?|GITHUB|GITLAB|GOOGLE|FACEBOOK|TWITTER|APPLE|DISCORD|SLACK|STRIPE|TWILIO|AWS|S3|PAYPAL)_(?:\w+_)?(?:TOKEN|KEY|SECRET))$/i;
const standIn =
  /^(?:(?:test(?:ing)?|token|key|secret|dummy|fake|mock|value|foo|bar|local|dev|x{2,}(?!x))[-_]?)+$/i;

const catcher = /^mail(?:pit|hog|dev|catcher)$/;
/** The value says of itself that nobody asks for it: "any-value-will-do". */
const needsNone = /(?:^|[-_ ])(?:any[-_ ]?(?:value|thing|string)|not[-_ ]?(?:needed|required))(?:[-_ ]|$)/i;
/** What another party issues is long and random: a word there lets the program start, or is the name of a cookie. */
export function isStandIn(name: string, value: string): boolean {
  if (/(?:^|_)COOKIES?_\w*TOKEN$/.test(name) && /^[a-z]+(?:-[a-z]+)+$/.test(value)) return true;
  if (needsNone.test(value) || (/SMTP|MAIL/.test(name) && catcher.test(value))) return true;
  return issuedName.test(name) && standIn.test(value);
}

function isDefault(reference: Reference): boolean {
  return reference.operator === ":-" || reference.operator === "-";
}

/** A default is what runs when nobody sets the variable, also when it only was meant as a placeholder. */
function defaultOf(name: string, reference: Reference): Written[] {
  const text = unquote(reference.argument ?? "");
  if (!isDefault(reference) || !isCredential(text) || text.includes("://") || /^<.*>$/.test(text)) return [];
  if (isStandIn(name, text)) return [];
  return [{ name, value: text, at: reference.at, kind: "default", reference }];
}

function isUsable(value: string): boolean {
  return isCredential(value) && !isPlaceholder(value);
}

function unquote(text: string): string {
  return text.trim().replace(/^(["'])(.*)\1$/s, "$2");
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * A service that has the store's account as well can create the other one, and often does at its first start: it names
 * the account in a variable or URL of its own, or is given the store's own variable by hand.
 */
export function hasAccount(service: Service, account: string, own: Variable | undefined): boolean {
  return service.environment.some(({ name, value, from }) => {
    if (name === own?.name) return from === "environment" && value?.text === account;
    const text = value?.text ?? "";
    return /USER(?:NAME)?$/i.test(name) ? text === account : storeUrl(text)?.user === account;
  });
}

/** Who holds this can sign or read what the program signs and encrypts: sessions, tokens, cookies. */
export function isSigningName(name: string): boolean {
  return (
    /(?:^|_)(?:JWT|SESSION|COOKIE|AUTH|NEXTAUTH|APP|TOKEN|SIGNING|ENCRYPTION|DJANGO|FLASK|REFRESH|ACCESS_TOKEN)?_?(?:SECRET|SECRET_KEY|SIGNING_KEY|ENCRYPTION_KEY)(?:_BASE)?$/i.test(
      name,
    ) &&
    !/(?:CLIENT|WEBHOOK|CONSUMER|API|APP)_?SECRET|(?:^|_)(?:AWS|S3|STRIPE|[A-Z]*PAY|[A-Z]*KASSA|PAYSTACK|FLUTTERWAVE|MIDTRANS|MOLLIE|ADYEN|IYZICO|PINATA|OAUTH2?|GOOGLE|GITHUB|GITLAB|FACEBOOK|PAYPAL|RAZORPAY|MINIO|STORAGE|BUCKET|SPACES|R2|OSS|COS|CLOUDINARY|TWILIO|RE?CAPTCHA|TURNSTILE|PUSHER|SMTP|MAIL)_(?:\w+_)?SECRET/i.test(
      name,
    )
  );
}

/** A literal in the code that stands in for a secret. */
export interface CodeDefault {
  readonly name: string;
  readonly value: string;
  readonly at: Location;
  /** setting: a Django setting that nothing defines; fixed: no variable can change it. */
  readonly how: "variable" | "setting" | "fixed";
  /** It is also used where the variable is set to nothing. */
  readonly forEmpty?: boolean;
  /** The program does not come to the file when it starts; other code of the repository does. */
  readonly idle?: boolean;
}

/** Secrets with a literal value in the code that a service runs. Values that open nothing (`demo`) are left out. */
export function codeDefaults(stack: Stack, service: Service): CodeDefault[] {
  const { component } = service;
  if (!component) return [];
  const settings = settingsOf(service);
  const found: CodeDefault[] = [];
  const { reads } = componentReads(stack, component);
  for (const read of reads) {
    const value = read.default && secretIn(read.name, read.default.value);
    if (value === undefined || read.buildTime || !isRun(stack, service, component, read.at)) continue;
    if (fallsBackToLoopback(service, read, reads) || isReplaced(stack, service, read.at)) continue;
    if (toolConfiguration.test(read.at.file) && !runsMigrations(service)) continue;
    // An account that tests log in with.
    if (/(?:^|_)TESTS?_/.test(read.name)) continue;
    const idle = isNeverLoaded(stack, service, read.at);
    // A module of Python that nobody imports is left out below; this one is a migration's, or waits to be used.
    if (isRefused(stack, read.name, read.at) || (idle && !read.at.file.endsWith(".py"))) continue;
    if (isUnusedField(stack, service, read.name, read.at) || isIdleConnection(stack, service, read.at))
      continue;
    if (settings?.guards.some(guard => envUses(guard.test).some(use => use.names.includes(read.name))))
      continue;
    const forEmpty = read.forEmpty ?? false;
    found.push({ name: read.name, value, at: read.at, how: "variable", forEmpty, idle });
  }
  if (!settings || settings.unseen.length > 0) return found;
  const key = djangoSetting(settings, "SECRET_KEY");
  if (key?.kind === "literal" && typeof key.value === "string" && isCredential(key.value))
    found.push({ name: "SECRET_KEY", value: key.value, at: key.at, how: "fixed" });
  const python = filesBelow(stack.files, component.dir).filter(path => path.endsWith(".py"));
  for (const path of python) found.push(...settingDefaults(stack, component, path, settings.values));
  return found.filter(({ at }) => isRun(stack, service, component, at));
}

/**
 * `PG_PASSWORD || "x"` beside `PG_HOST || "localhost"`, in a project without any store and where the service gets no
 * PG_HOST: the database is not used, and at the default address nothing listens in a container.
 */
function fallsBackToLoopback(service: Service, { name, at }: Read, reads: readonly Read[]): boolean {
  const stem = /^(.*?)_?PASS(?:WORD|WD)?$/i.exec(name)?.[1];
  if (!stem || service.project.services.some(isStore)) return false;
  return reads.some(
    other =>
      other.at.file === at.file &&
      new RegExp(`^${stem}_?(?:HOST(?:NAME)?|SERVER|ADDRESS)$`, "i").test(other.name) &&
      /^(?:localhost|127\.0\.0\.1|::1)$/.test(other.default?.value ?? "") &&
      !service.environment.some(each => each.name === other.name),
  );
}

type Read = ReturnType<typeof componentReads>["reads"][number];

/** Read by a tool of the developers or of a migration, not by the program that serves. */
const toolConfiguration =
  /(?:^|\/)health-?check[\w-]*\.[cm]?js$|(?:^|\/)(?:knexfile|ormconfig|(?:drizzle|prisma|kysely|mikro-orm|playwright|cypress|jest|vitest|webpack|vite|rollup|codegen|sentry)(?:\.\w+)?\.config)\.[cm]?[jt]s$|(?:^|\/)(?:alembic|migrations)\/env\.py$/;

function runsMigrations(service: Service): boolean {
  const words = (service.process?.commands ?? []).flat().map(word => word.value ?? "");
  return words.some(word => /^(?:alembic|drizzle-kit|knex|typeorm|prisma|mikro-orm)$|^flask$/.test(word));
}

/** Firebase tells every visitor who may ask by rules of its own, and its pages carry the key. */
const isBrowserKey = (name: string, value: string): boolean =>
  /FIREBASE|FCM/.test(name) && value.startsWith("AIza");

function secretIn(name: string, value: string): string | undefined {
  if (publicPrefix.test(name) || !isCredential(value) || isBrowserKey(name, value)) return undefined;
  const url = credentialsInUrl(value);
  // Inside a container nothing of this machine listens on loopback: the credential opens nothing there.
  if (url && /@(?:localhost|127\.0\.0\.1|\[::1\])(?=[:/]|$)/.test(value)) return undefined;
  if (url) return isUsable(url.password) ? url.password : undefined;
  if (!isSecretName(name) || value.includes("://") || /<[^<>]+>/.test(value)) return undefined;
  if (isSigningName(name)) return value;
  const isPassword = /PASS(?:WORD|WD)?$|PWD$/i.test(name);
  const isReal = value.length >= 16 && !isPlaceholder(value) && !isWeakSecret(value);
  // Who asks everybody to change it lets everybody in who has read that.
  if (isPassword && isPlaceholder(value))
    return opensAdmin.test(name) && !/^<|^$/.test(value) ? value : undefined;
  return isPassword || isReal ? value : undefined;
}

/** The account that may do everything: the code makes it with this password, or lets in who has it. */
const opensAdmin = /(?:^|_)(?:ADMIN|SUPER_?USER)(?:_\w+)?_?PASS/i;

/** The program stops near the read when the variable is missing. */
function isRefused(stack: Stack, name: string, at: Location): boolean {
  const source = sourceOf(stack, at.file);
  if (!source) return false;
  for (let i = source.text.indexOf(name); i !== -1; i = source.text.indexOf(name, i + name.length)) {
    const near = source.text.slice(i, i + 300);
    if ([...near.matchAll(stops)].some(stop => !refusesVisitor.test(near.slice(stop.index)))) return true;
  }
  return false;
}

const stops = /\b(?:throw|raise|process\.exit|sys\.exit|ImproperlyConfigured)\b/g;

/** `raise HTTPException(401)`: said to whoever sent another value, not to whoever forgot the variable. */
const refusesVisitor =
  /^(?:raise|throw)\s+(?:new\s+)?(?:[\w.]+\.)?(?:HTTPException|HttpException|PermissionDenied|AuthenticationFailed|NotAuthenticated|Unauthorized\w*|Forbidden\w*)\b/;

const settingRead =
  /\bgetattr\(\s*settings\s*,\s*["']([A-Z][A-Z0-9_]*)["']\s*,\s*(["'])([^"'\\\n]{3,200})\2\s*\)/g;

function settingDefaults(
  stack: Stack,
  component: AppComponent,
  path: string,
  settings: ReadonlyMap<string, unknown>,
): CodeDefault[] {
  if (isTest(path) || isVendored(path)) return [];
  const result = stack.files.read(path);
  if (!("source" in result) || !result.source.text.includes("getattr(settings")) return [];
  const found: CodeDefault[] = [];
  for (const match of result.source.text.matchAll(settingRead)) {
    const name = match[1]!;
    const value = secretIn(name, match[3]!);
    if (value === undefined || settings.has(name) || !isImported(stack, component, path)) continue;
    const at = locate(result.source, match.index, match.index + match[0].length);
    found.push({ name, value, at, how: "setting" });
  }
  return found;
}

/** Files that Django and Celery find by their name. */
const foundByName =
  /(?:^|\/)(?:__init__|models?|apps|settings\w*|urls|admin|signals|tasks|middlewares?|views?|consumers|routing|backends?|wsgi|asgi|celery)\.py$|\/(?:management\/commands|templatetags|migrations)\//;

/** Whether some file that runs names the module: what only a test imports serves nobody. */
function isImported(stack: Stack, component: AppComponent, path: string): boolean {
  if (foundByName.test(path)) return true;
  const name = basename(path).slice(0, -".py".length);
  // Python imports no other names.
  if (!/^\w+$/.test(name)) return false;
  const module = new RegExp(`(?<!\\w)${name}(?!\\w)`);
  return ownFiles(stack.files, component.dir).some(other => {
    if (other === path || !/\.(?:py|toml|cfg|ini)$/.test(other)) return false;
    const read = stack.files.read(other);
    return "source" in read && module.test(read.source.text);
  });
}
