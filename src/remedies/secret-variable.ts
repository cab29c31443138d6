import type { Edit, Fix } from "../core/fix.ts";
import { dirname, inside } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import { locate } from "../core/source.ts";
import { credentialsInUrl, isSecretName } from "../formats/secret.ts";
import { isStore } from "../stack/query.ts";
import { accountOf } from "../stack/query-connections.ts";
import { protocolOf } from "../stack/query-environment.ts";
import { type Credential, isSigningName } from "../stack/query-secrets.ts";
import type { ComposeProject, Service, Stack } from "../stack/stack.ts";
import { documentVariables, setByHand } from "./env-example.ts";

/**
 * Takes one credential out of the Compose files: every place that holds it asks for a variable without a default.
 * Undefined where it also stands in an image, or in a place that cannot be changed as text.
 */
export function moveToVariable(stack: Stack, all: readonly Credential[]): Fix | undefined {
  const deployed = all.filter(each => each.grade !== "development");
  const [first] = deployed;
  const places = all.filter(each => !isOfWorkstation(each, deployed));
  if (!first || places.some(each => !each.service || !isComposeFile(stack, each))) return undefined;
  // A word of a command is no variable that could ask for another one by its name.
  if (places.some(each => each.name.startsWith("-"))) return undefined;
  // One word for the name and for the password of a login: they need a variable each.
  const accounts = places.filter(each => accountName.test(each.name));
  if (accounts.length > 0 && accounts.length < places.length) return undefined;
  if (isGivenInSql(stack, first.value)) return undefined;
  const name = nameFor(stack, places);
  const edits = places.map(place => replacement(stack, place, name));
  if (edits.some(edit => edit === undefined)) return undefined;
  const projects = [...new Set(places.map(each => each.service!.project))];
  const names = [...new Set(places.map(each => (each.kind === "default" ? each.reference!.name : name)))];
  const inUrl = places.some(each => variableOf(each)?.value?.raw.includes("://"));
  const hint = inUrl ? "; letters and digits only, it also stands in a URL" : "";
  const variables = names.map(each => ({
    name: each,
    says: `${purpose(places)}, ${isIssued(places) ? "as its issuer gives it" : "a random value (openssl rand -hex 24)"}${hint}`,
    ...formerValue(places, each, name),
  }));
  return {
    title: names.length === 1 ? `Take ${names[0]} from outside` : `Take ${names.join(" and ")} from outside`,
    grade: "needs-testing",
    edits: [
      ...once(edits as Edit[]),
      ...once(projects.flatMap(project => documentVariables(stack, project, variables))),
    ],
    test: "Run `docker compose config -q` without the variable, which must stop, and with it; then see that every service that logs in with it still does.",
    // The workstation's own password is told by itself, as low.
    ...(places.length < all.length ? { reveals: ["secrets/committed-credential"] } : {}),
    afterwards: [
      setByHand(stack, first.service!.project, names),
      ...repeated(stack, projects, places),
      ...rotation(places),
    ].join(" "),
  };
}

/**
 * A file of its own for developers starts with its own password, without an .env: nobody else has that database, and
 * to demand the variable there would stop every workstation.
 */
function isOfWorkstation(place: Credential, deployed: readonly Credential[]): boolean {
  return (
    place.grade === "development" &&
    place.outside === undefined &&
    !deployed.some(
      each =>
        each.at.file === place.at.file ||
        each.service?.project === place.service?.project ||
        each.service?.project.files.includes(place.at.file),
    )
  );
}

const accountName = /(?:^|_)(?:ACCESS_KEY(?:_ID)?|(?:ROOT_)?USER(?:NAME)?)$/;

/** `CREATE USER harbour PASSWORD 'moonlight'` in a command, a script or the SQL of a first start: the role keeps that one. */
function isGivenInSql(stack: Stack, value: string): boolean {
  const given = new RegExp(`\\b(?:password|identified\\s+by)\\s+'${value.replace(/\W/g, "\\$&")}'`, "i");
  const sql = stack.files.paths.filter(path => path.endsWith(".sql")).slice(0, 100);
  return [...stack.sources.keys(), ...sql].some(path => {
    const text = textOf(stack, path);
    return text.includes(value) && given.test(text);
  });
}

/** Files that the services read, in which the same value stands: an edit of the Compose file leaves it there. */
function repeated(
  stack: Stack,
  projects: readonly ComposeProject[],
  places: readonly Credential[],
): string[] {
  const { value } = places[0]!;
  if (value.length < 6) return [];
  const services = projects.flatMap(project => project.services);
  const sources = services.flatMap(service => service.mounts.flatMap(mount => mount.repositoryPath ?? []));
  const paths = new Set([
    ...services.flatMap(service => service.envFiles.flatMap(use => use.file?.file ?? [])),
    ...stack.files.paths.filter(
      path =>
        settingsFile.test(path) &&
        sources.some(source => source !== "" && inside(source, path) !== undefined),
    ),
  ]);
  const edited = new Set(places.map(each => each.at.file));
  const holds = [...paths]
    .slice(0, 200)
    .filter(path => !edited.has(path) && textOf(stack, path).includes(value));
  return [
    ...(holds.length === 0
      ? []
      : [`The same value stands in ${holds.join(" and ")}, which services read: change it there, too.`]),
    ...twins(stack, projects, places),
  ];
}

/** Other variables that an example gives the same value: programs that log in with one of them. */
function twins(stack: Stack, projects: readonly ComposeProject[], places: readonly Credential[]): string[] {
  const { value } = places[0]!;
  const own = new Set(places.map(each => (each.kind === "default" ? each.reference!.name : each.name)));
  const directories = new Set(["", ...projects.map(project => project.directory)]);
  return stack.envFiles.flatMap(({ file, role, entries }) => {
    const names = entries
      .filter(
        each => each.value.value === value && isSecretName(each.name.value) && !own.has(each.name.value),
      )
      .map(each => each.name.value);
    return role !== "example" || !directories.has(dirname(file)) || names.length === 0
      ? []
      : [
          `${file} gives ${names.join(" and ")} the same value: a login that both are for needs the new one in both.`,
        ];
  });
}

const settingsFile = /\.(?:ya?ml|json|toml|ini|conf|cfg|env|properties|xml)$/;

function textOf(stack: Stack, path: string): string {
  const read = stack.files.read(path);
  return "source" in read ? read.source.text : "";
}

/** What a variable stood for until now. */
function formerValue(places: readonly Credential[], name: string, chosen: string): { value?: string } {
  const asked = places.find(each => each.kind === "default" && each.reference!.name === name);
  const argument = asked?.reference?.argument;
  if (argument !== undefined) return argument.includes("$") ? {} : { value: argument };
  return name === chosen ? { value: places[0]!.value } : {};
}

function isComposeFile(stack: Stack, place: Credential): boolean {
  return stack.projects.some(project => project.files.includes(place.at.file));
}

/** Services of several projects may share a file: one edit for one place. */
function once(edits: readonly Edit[]): Edit[] {
  const seen = new Map(
    edits.map(edit => [`${edit.at.file}:${edit.at.span.start}:${edit.at.span.end}`, edit]),
  );
  return [...seen.values()];
}

/** A name that a place already asks for, else the store's own, else that of the first plain variable. */
function nameFor(stack: Stack, places: readonly Credential[]): string {
  const asked = places.find(each => each.kind === "default" && isSecretName(each.reference!.name));
  const plain = places.filter(
    each => each.kind === "literal" && isSecretName(each.name) && !isInUrl(stack, each),
  );
  // An application that has the password, too, should not have to call it the one of root.
  const inStores = plain.filter(each => isStore(each.service!));
  const own = inStores.find(each => !/(?:^|_)ROOT_/.test(each.name)) ?? inStores[0] ?? plain[0];
  const protocol = places.flatMap(each => urlProtocol(each) ?? [])[0];
  const name = asked?.reference?.name ?? own?.name ?? `${protocol ?? "STORE"}_PASSWORD`;
  const { service } = own ?? places[0]!;
  return isTaken(places, service!, name)
    ? `${service!.name.replace(/\W/g, "_").toUpperCase()}_${name}`
    : name;
}

function urlProtocol(place: Credential): string | undefined {
  const scheme = /^(\w+)(?:\+\w+)?:\/\//.exec(variableOf(place)?.value?.raw ?? "")?.[1];
  return scheme?.replace(/^postgresql$/, "postgres").toUpperCase();
}

function variableOf({ service, name }: Credential) {
  return [...service!.environment, ...(service!.build?.args ?? [])].find(each => each.name === name);
}

/** The project means something else by this name. */
function isTaken(places: readonly Credential[], service: Service, name: string): boolean {
  const { project } = service;
  const { value } = places[0]!;
  const set = project.lookup(name);
  if (set !== undefined && set !== value) return true;
  return project.services.some(other =>
    other.environment.some(
      each => each.name === name && each.value?.text !== undefined && each.value.text !== value,
    ),
  );
}

function isInUrl(stack: Stack, place: Credential): boolean {
  const text = textAt(stack, place);
  return text !== undefined && credentialsInUrl(text) !== undefined;
}

function textAt(stack: Stack, { at }: Credential): string | undefined {
  return sourceOf(stack, at.file)?.text.slice(at.span.start, at.span.end);
}

function replacement(stack: Stack, place: Credential, name: string): Edit | undefined {
  const source = sourceOf(stack, place.at.file);
  const text = textAt(stack, place);
  if (!source || text === undefined) return undefined;
  if (place.kind === "default") {
    const asked = place.reference!.name;
    return { at: place.at, text: `\${${asked}:?set ${asked}}` };
  }
  const asks = `\${${name}:?set ${name}}`;
  const url = credentialsInUrl(text);
  if (url) {
    const { start, end } = url.span;
    const at = locate(source, place.at.span.start + start, place.at.span.start + end);
    // Braces end a plain text inside brackets.
    return isInBrackets(place) && !/^["']/.test(text) ? undefined : { at, text: asks };
  }
  const quote = /^["']/.exec(text)?.[0] ?? "";
  if (/^[|>&*!{[]/.test(text) || (quote !== "" && !text.endsWith(quote))) return undefined;
  if (quote !== "" || !isInBrackets(place)) return { at: place.at, text: `${quote}${asks}${quote}` };
  return isListItem(place) ? undefined : { at: place.at, text: `"${asks}"` };
}

function isInBrackets({ service, at }: Credential): boolean {
  return [service!.get("environment"), service!.get("build", "args")].some(
    node =>
      node !== undefined &&
      node.kind !== "scalar" &&
      node.flow &&
      node.at.file === at.file &&
      node.at.span.start <= at.span.start &&
      at.span.end <= node.at.span.end,
  );
}

function isListItem(place: Credential): boolean {
  return (
    place.service!.get("environment")?.kind === "seq" || place.service!.get("build", "args")?.kind === "seq"
  );
}

function purpose(places: readonly Credential[]): string {
  const stores = [...new Set(places.flatMap(each => (isStore(each.service!) ? [each.service!.name] : [])))];
  if (stores.length > 0) return `The password of ${stores.join(" and ")}`;
  const names = [...new Set(places.map(each => each.service!.name))];
  return isSigningName(places[0]!.name)
    ? `What ${names.join(" and ")} signs with`
    : `A credential of ${names.join(" and ")}`;
}

/** Services of others, and mailboxes: a value of one's own opens nothing there. */
const issuers =
  /^(?:STRIPE|PAYPAL|SENDGRID|MAILGUN|MAILJET|BREVO|RESEND|POSTMARK|TWILIO|AWS|SMTP|EMAIL|MAIL|OPENAI|ANTHROPIC|GEMINI|TELEGRAM|SLACK|DISCORD|GITHUB|GITLAB|GOOGLE|FACEBOOK|RECAPTCHA|TURNSTILE|CLOUDFLARE|CLOUDINARY|SENTRY|MAPBOX)_/;

function isIssued(places: readonly Credential[]): boolean {
  return places.some(each => each.outside !== undefined || issuers.test(each.name));
}

/** The old value is known for good; where it is kept beside the files, it has to be changed there as well. */
function rotation(places: readonly Credential[]): string[] {
  const said = ["The old value stays in git's history: make a new one."];
  const stores = places.flatMap(each => (isStore(each.service!) ? [each.service!] : []));
  for (const store of new Set(stores)) {
    const change = changeOf(store);
    if (change)
      said.push(
        `The volume of ${store.name} keeps the password that it was created with: ${change}, and then start with the new value.`,
      );
  }
  if (places.some(each => isSigningName(each.name)))
    said.push("A new signing key ends every session and voids every token that was signed with the old one.");
  return [...new Set(said)];
}

function changeOf(store: Service): string | undefined {
  const user = accountOf(store).user;
  switch (protocolOf(store)) {
    case "postgres":
      return `change it with \`docker compose exec ${store.name} psql -U ${user ?? "USER"} -c '\\password'\``;
    case "mysql":
      return `change it with ALTER USER in \`docker compose exec ${store.name} mysql -u root -p\``;
    case "mongodb":
      return "change it with db.changeUserPassword()";
    case "amqp":
      return `change it with \`docker compose exec ${store.name} rabbitmqctl change_password ${user ?? "USER"}\``;
    default:
      return undefined;
  }
}
