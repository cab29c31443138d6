import type { ComposeFile } from "../artifacts/compose.ts";
import { basename, dirname, join } from "../core/path.ts";
import { child, entriesOf, itemsOf, textOf, type YamlNode, type YamlPair } from "../formats/yaml.ts";
import { factsFor, parseImageRef } from "./image/facts.ts";
import { defaultNames, servicesOf, stemOf } from "./project-files.ts";

/** What the services of Compose files tell about the machine that they are for. */

export const servicesIn = (files: readonly ComposeFile[]): readonly YamlPair[] =>
  files.flatMap(file => file.roots.flatMap(root => entriesOf(child(root, "services"))));

/** The command as one line; empty where the service has none. */
export function commandOf(service: YamlNode): string {
  const command = child(service, "command");
  return (
    textOf(command)?.value ??
    itemsOf(command)
      .map(item => textOf(item)?.value ?? "")
      .join(" ")
  );
}

/** Restart policies, or an edge on 80 or 443: a file for a machine that has to stay up. */
export function looksLikeServer(file: ComposeFile): boolean {
  return file.roots.some(root =>
    entriesOf(child(root, "services")).some(
      service =>
        child(service.value, "restart") !== undefined || child(service.value, "deploy") !== undefined,
    ),
  );
}

/** Some service is published on port 443. */
export function isEdge(files: readonly ComposeFile[]): boolean {
  return servicesIn(files).some(({ value }) => isTlsEdge(value));
}

/** It is published on port 443. */
function isTlsEdge(service: YamlNode): boolean {
  return itemsOf(child(service, "ports")).some(port =>
    /(?:^|:-?)443\}?:\d+(?:\/|$)|^443$/.test(
      textOf(port)?.value ?? textOf(child(port, "published"))?.value ?? "",
    ),
  );
}

/** Most of what it runs restarts by itself, or it answers for a site on port 443. */
export function staysUp(files: readonly ComposeFile[]): boolean {
  const services = servicesIn(files).filter(({ value }) => !child(value, "profiles"));
  const restarting = services.filter(({ value }) => {
    const policy = textOf(child(value, "restart"))?.value;
    return (policy !== undefined && policy !== "no") || deploys(value);
  });
  return services.some(({ value }) => isTlsEdge(value)) || restarting.length * 2 > services.length;
}

/** A default file that restarts by itself, and is only laid below files that test it: it is a project without them, too. */
export function onlyTested(file: ComposeFile, groups: readonly (readonly string[])[]): boolean {
  const over = groups.filter(list => list.includes(file.file));
  return (
    defaultNames.includes(basename(file.file)) &&
    servicesOf(file).every(service => service.complete) &&
    staysUp([file]) &&
    over.every(
      list =>
        list[0] === file.file &&
        list.length === 2 &&
        /(^|[._-])(tests?|testing|e2e)([._-]|$)/i.test(stemOf(list[1]!)),
    )
  );
}

/** Limits and a graphics card are given on a workstation, too. */
export function deploys(service: YamlNode): boolean {
  if (textOf(child(service, "deploy", "restart_policy", "condition"))?.value === "none") return false;
  return entriesOf(child(service, "deploy")).some(({ key }) => key.value !== "resources");
}

const devName = /^(dev|development)$|^dev[-_]|[-_]dev$/;
/** Laravel Sail: `sail-8.4/app`, an image for a workstation. */
const sail = /^sail-[\d.]+\/app$/;
export const devServer =
  /\bmanage\.py runserver\b|--reload\b|\b(npm|yarn|pnpm|bun)( run)? (dev|start:dev)\b|\bnodemon\b|\b(next|nuxt|nest|vite|flask|rails) (dev|start --watch|run --debug|s(erver)?)\b/;

/**
 * What only a workstation's file has: a service that is called after development, or a development server, or debug
 * mode where there are other projects, over sources of the checkout that nobody restarts.
 */
export function developmentHabit(files: readonly ComposeFile[], others: boolean): string | undefined {
  const services = servicesIn(files);
  const server = files.some(looksLikeServer);
  const read = services.flatMap(({ value }) => envFilesOf(value));
  const work = read.find(name => /(?:^|\/)\.env\.dev(?:elopment)?$/.test(name));
  if (work && !server && !read.some(name => /prod/i.test(name))) return `it reads ${work}`;
  for (const { key, value } of services) {
    if (child(value, "profiles")) continue;
    // Beside another file: in the only one people forget to give it a profile.
    if (others && /^(?:[\w-]+[-_])?tests?(?:-runner)?$/.test(key.value)) return `it runs "${key.value}"`;
    if (!child(value, "build")) continue;
    if (devName.test(key.value) || sail.test(textOf(child(value, "image"))?.value ?? ""))
      return `it runs "${key.value}"`;
    const text = commandOf(value);
    if (!mountsSources(value)) continue;
    if (/^(?:tail -f \/dev\/null|sleep infinity)$/.test(text))
      return `"${key.value}" is kept open for a person over mounted sources`;
    const settings = environmentOf(value).find(([name]) => name === "DJANGO_SETTINGS_MODULE")?.[1] ?? "";
    if (/\.(dev|local|development)$/.test(settings))
      return `"${key.value}" runs ${settings} over mounted sources`;
    if (server) continue;
    if (devServer.test(text)) return `"${key.value}" is a development server over mounted sources`;
    // Beside another project that may be production; alone, debug mode on a server is what has to be told.
    const said = others && developmentVariable(value);
    if (said) return `"${key.value}" has ${said} over mounted sources`;
  }
  return undefined;
}

/** Debug mode over mounted sources: a rig for tests, also when it restarts. */
export function debugs(files: readonly ComposeFile[]): boolean {
  const services = servicesIn(files);
  return services.some(({ value }) => mountsSources(value) && developmentVariable(value) !== undefined);
}

/**
 * Two services at least, and most of what is built, are run for development, one of them by a development server:
 * nobody forgets that everywhere. Debug mode alone is forgotten.
 */
export function isAllForWork(files: readonly ComposeFile[]): boolean {
  const built = servicesIn(files).filter(({ value }) => child(value, "build") !== undefined);
  const watching = built.filter(({ value }) => devServer.test(commandOf(value)));
  const forWork = built.filter(
    service => watching.includes(service) || /ENV/.test(developmentVariable(service.value) ?? ""),
  );
  return watching.length > 0 && forWork.length > 1 && forWork.length * 2 > built.length;
}

/** It builds something, and starts it with a development server. */
export const watches = (files: readonly ComposeFile[]): boolean =>
  servicesIn(files).some(({ value }) => child(value, "build") && readsAgain(value));
/** A server in it reads its sources again when they change, by its command or by a setting. */
const readsAgain = (value: YamlNode): boolean =>
  devServer.test(commandOf(value)) ||
  environmentOf(value).some(([name, set]) => /^UWSGI_PY(?:THON)?_AUTO_?RELOAD$/.test(name) && +set > 0);

/** It builds a stage that is called after development: beside a server's file this one is for work. */
export function buildsForWork(files: readonly ComposeFile[]): boolean {
  return servicesIn(files).some(({ value }) => {
    const written = textOf(child(value, "build", "target"))?.value ?? "";
    const target = /^\$\{\w+:?-([^${}]*)\}$/.exec(written)?.[1] ?? written;
    return stageOfWork.test(target);
  });
}

const stageOfWork =
  /^(?:dev|devel|develop|development|local|debug|watch)(?:$|[-_.])|[-_.](?:dev|development)$/i;

/** Directories that its images are built from, beside its own; those that a variable names are left out. */
export function buildContexts(file: ComposeFile): string[] {
  return servicesIn([file]).flatMap(({ value }) => {
    const build = child(value, "build");
    const context = textOf(build)?.value ?? textOf(child(build, "context"))?.value;
    return context && !context.includes("$") ? [join(dirname(file.file), context)] : [];
  });
}

/** Sites of it, where all have names that no name server gives out: `shop.test`, `api.localhost`, `shop.lvh.me`. */
export function reservedSite(files: readonly ComposeFile[]): string | undefined {
  const names = servicesIn(files).flatMap(({ value }) => [
    ...environmentOf(value).flatMap(([name, text]) => (name === "VIRTUAL_HOST" ? text.split(",") : [])),
    ...labelsOf(value).flatMap(text => [...text.matchAll(/Host\(`([^`]+)`/g)].map(match => match[1]!)),
  ]);
  return names.length > 0 && names.every(name => /(?:^|\.)(?:test|localhost|lvh\.me)$/.test(name.trim()))
    ? names[0]
    : undefined;
}

function labelsOf(service: YamlNode): string[] {
  const labels = child(service, "labels");
  return [
    ...entriesOf(labels).map(({ value }) => textOf(value)?.value ?? ""),
    ...itemsOf(labels).map(item => textOf(item)?.value ?? ""),
  ];
}

/** A pulled database, cache or tool for one is published, and no site is. */
export function opensStores(files: readonly ComposeFile[]): boolean {
  const services = servicesIn(files).map(({ value }) => value);
  return services.some(isOpenStore) && !services.some(isTlsEdge);
}

export function isOpenStore(service: YamlNode): boolean {
  const image = textOf(child(service, "image"))?.value;
  if (!image || itemsOf(child(service, "ports")).length === 0) return false;
  return tool.test(image) || backing.has(factsFor(parseImageRef(image))?.kind ?? "");
}

export function isProxy(service: YamlNode): boolean {
  return /(?:^|[/-])(?:nginx|caddy|traefik|haproxy|httpd|apache)[^/]*$/i.test(
    textOf(child(service, "image"))?.value ?? "",
  );
}

const developmentWord = /^(local|dev|development)$/i;

/** `DEBUG=True` or `APP_ENV=local` as a literal of the service, as it is written. */
function developmentVariable(service: YamlNode): string | undefined {
  const found = environmentOf(service).find(([name, value]) =>
    /(^|_)DEBUG$/.test(name)
      ? /^(true|1|on|yes)$/i.test(value)
      : (/(^|_)(ENV|ENVIRONMENT|ENVIRONMENT_NAME)$/.test(name) && developmentWord.test(value)) ||
        // A profile called "dev" is on many a server.
        (name === "SPRING_PROFILES_ACTIVE" && value === "local"),
  );
  return found && `${found[0]}=${found[1]}`;
}

/** `APP_ENV=development` as a literal of some service. Debug mode and NODE_ENV are what a server is given by mistake. */
export function developmentSetting(files: readonly ComposeFile[]): string | undefined {
  const services = servicesIn(files);
  return services
    .map(({ value }) => developmentVariable(value))
    .find(said => said !== undefined && !/DEBUG=|^NODE_ENV=/.test(said));
}

/** The variables of all services that have a literal value. */
export function literals(files: readonly ComposeFile[]): (readonly [name: string, value: string])[] {
  return servicesIn(files)
    .flatMap(({ value }) => environmentOf(value))
    .filter(([, value]) => !value.includes("$"));
}

function envFilesOf(service: YamlNode): string[] {
  const list = child(service, "env_file");
  return (list?.kind === "seq" ? itemsOf(list) : list ? [list] : []).flatMap(
    item => textOf(item)?.value ?? textOf(child(item, "path"))?.value ?? [],
  );
}

export function environmentOf(service: YamlNode): (readonly [name: string, value: string])[] {
  const environment = child(service, "environment");
  if (environment?.kind === "map")
    return entriesOf(environment).map(({ key, value }) => [key.value, textOf(value)?.value ?? ""]);
  return itemsOf(environment).map(item => {
    const [name = "", ...value] = (textOf(item)?.value ?? "").split("=");
    return [name, value.join("=")];
  });
}

/** `docker compose up --watch` brings what changes in the checkout into the container. */
export const watchesSources = (service: YamlNode): boolean =>
  itemsOf(child(service, "develop", "watch")).some(item =>
    /^sync/.test(textOf(child(item, "action"))?.value ?? ""),
  );

export function mountsSources(service: YamlNode): boolean {
  return (
    watchesSources(service) ||
    itemsOf(child(service, "volumes")).some(item => {
      const text = textOf(item)?.value ?? textOf(child(item, "source"))?.value ?? "";
      return /^\.{1,2}(\/[\w./-]*)?(:|$)/.test(text);
    })
  );
}

const backing = new Set(["database", "cache", "queue", "search", "admin", "mail", "storage", "monitoring"]);

/** Tools of a workstation, whoever publishes the image, and the client that sets an object store up. */
const tool =
  /(?:^|\/)minio\/mc(?::|@|$)|\/(?:mailhog|mailpit|maildev|mailcatcher|adminer|pgadmin4?|phpmyadmin|redis-commander)(?::|@|$)/;

/** A mail catcher: whoever deploys it sends no mail. Where the checkout runs, one to be switched on says the same. */
export function catchesMail(files: readonly ComposeFile[], optional = false): boolean {
  const images = servicesIn(files).flatMap(({ value }) =>
    child(value, "profiles") && !optional ? [] : (textOf(child(value, "image"))?.value ?? []),
  );
  return images.some(image =>
    /(?:^|\/)(?:docker-)?(?:mailhog|mailpit|maildev|mailcatcher|mailslurper|mailcrab|mailtrap|smtp4dev|inbucket|fake-?smtp[\w-]*)(?::|@|$)/.test(
      image,
    ),
  );
}

/** The service that plays the cloud of others for whoever works on the program. */
export function standsForCloud(files: readonly ComposeFile[]): string | undefined {
  return servicesIn(files).find(
    ({ value }) =>
      !child(value, "profiles") &&
      /(?:^|\/)(?:localstack(?:-pro)?|fake-gcs-server|azurite|azure-storage\/azurite|moto|adobe\/s3mock|s3mock|dynamodb-local|[\w-]*cosmosdb[\w-]*-emulator)(?::|@|$)/.test(
        textOf(child(value, "image"))?.value ?? "",
      ),
  )?.key.value;
}

/** A mail catcher beside open databases that nobody restarts, or beside images that are called after debugging. */
export function mailAtWork(files: readonly ComposeFile[]): string | undefined {
  // The port on which Vite serves pages that are worked on, beside a program that runs the checkout.
  const vite = servicesIn(files).some(({ value }) =>
    itemsOf(child(value, "ports")).some(port => /(?:^|:)5173$/.test(textOf(port)?.value ?? "")),
  );
  if (vite && areMounted(files) && catchesMail(files, true))
    return "it catches its own mail and serves pages that are worked on";
  if (!catchesMail(files)) return undefined;
  if (opensStores(files) && !staysUp(files) && !files.some(looksLikeServer))
    return "it catches its own mail and opens its databases";
  const debug = servicesIn(files)
    .map(({ value }) => textOf(child(value, "image"))?.value ?? "")
    .find(image => /[-_](?:debug|dev)(?::|@|$)/.test(image));
  return debug && `it catches its own mail and pulls ${debug}`;
}

/** Its images are built for several kinds of processors: a recipe for publishing them. */
export function buildsForOthers(files: readonly ComposeFile[]): boolean {
  return servicesIn(files).some(
    ({ value }) => itemsOf(child(value, "build", "x-bake", "platforms")).length > 1,
  );
}

/** All that it builds runs from the checkout. */
export function areMounted(files: readonly ComposeFile[]): boolean {
  const built = servicesIn(files).filter(({ value }) => child(value, "build") !== undefined);
  return built.length > 0 && built.every(({ value }) => mountsSources(value));
}

/** Of the services that are named, whether each is a pulled database, cache, queue or tool. */
export function areBacking(files: readonly ComposeFile[], names: readonly string[]): boolean {
  const services = servicesIn(files).filter(({ key }) => names.includes(key.value));
  return (
    services.length === names.length && names.length > 0 && services.every(({ value }) => isBacking(value))
  );
}

/** An image of its own that holds a database, by where its volume is. */
export function keepsDatabase(service: YamlNode): boolean {
  return itemsOf(child(service, "volumes")).some(item =>
    /^\/(?:var\/lib\/(?:postgresql|mysql|mariadb)|data\/db)(?:\/data)?$/.test(
      textOf(item)?.value.split(":")[1] ?? textOf(child(item, "target"))?.value ?? "",
    ),
  );
}

/** Every service is a pulled database, cache, queue or tool: the application itself runs elsewhere. */
export function onlyBacking(files: readonly ComposeFile[], services = servicesIn(files)): boolean {
  return (
    services.some(({ value }) => isBacking(value)) &&
    services.every(service => isBacking(service.value) || isStoreByName(service))
  );
}

/** Databases alone, whose env file is called after tests: who starts them somewhere tests there. */
export const keepsTestData = (files: readonly ComposeFile[]): boolean => {
  const read = servicesIn(files).flatMap(({ value }) => envFilesOf(value));
  return (
    onlyBacking(files) &&
    read.length > 0 &&
    read.every(name => /(?:^|[/.])env\.(?:tests?|testing|ci)$/.test(name))
  );
};

/** The same, also where all of them are called like stores only: databases without the program. */
export const areStores = (files: readonly ComposeFile[]): boolean =>
  servicesIn(files).every(service => isBacking(service.value) || isStoreByName(service));

const storeName =
  /^(?:postgres(?:ql)?|postgis|timescaledb|mysql|mariadb|percona|mssql|sqlserver|cockroach(?:db)?|mongo(?:db)?|redis|valkey|memcached|elastic(?:search)?|opensearch|kafka|zookeeper|rabbit(?:mq)?|cassandra|scylla|neo4j|influxdb|clickhouse|minio|localstack|oracle(?:db|-xe|-\d+[\w-]*)|hana(?:express)?|[\w-]*emulator|selenium)(?=$|[-_:.@\d])/i;

/** An image that somebody else publishes, called after a database, a queue or a stand-in for one. */
function isStoreByName({ key, value }: YamlPair): boolean {
  const image = textOf(child(value, "image"))?.value;
  if (child(value, "build") || !image) return false;
  return (
    storeName.test(image.split("/").pop()!) ||
    storeName.test(key.value) ||
    /(?:^|\.)oracle\.com\/database\//.test(image)
  );
}

/** Open databases and a pulled proxy with nothing but its configuration: what the proxy leads to runs on this machine. */
export function servesNothing(files: readonly ComposeFile[]): boolean {
  const services = servicesIn(files).map(({ value }) => value);
  const proxies = services.filter(service => isProxy(service) && !child(service, "build"));
  const rest = services.filter(service => !proxies.includes(service));
  return (
    proxies.length === 1 &&
    rest.filter(isOpenStore).length + rest.filter(service => child(service, "extends")).length > 1 &&
    rest.every(isBacking) &&
    !isTlsEdge(proxies[0]!) &&
    !itemsOf(child(proxies[0]!, "volumes")).some(item =>
      /html|www|static|public|dist/.test(textOf(item)?.value ?? ""),
    )
  );
}

export function isBacking(service: YamlNode): boolean {
  if (child(service, "build")) return keepsDatabase(service);
  const image = textOf(child(service, "image"))?.value;
  if (!image) return true;
  const facts = factsFor(parseImageRef(image));
  return facts ? backing.has(facts.kind) : tool.test(image);
}
