import { appImages } from "./facts-apps.ts";
import { dataImages } from "./facts-data.ts";
import { runtimeImages } from "./facts-runtimes.ts";
import { absentTools, distroTools, supportEndsAsOf, versionedEndOfLife } from "./facts-versions.ts";

export type ImageKind =
  | "database"
  | "cache"
  | "queue"
  | "search"
  | "proxy"
  | "runtime"
  | "base"
  | "admin"
  | "monitoring"
  | "storage"
  | "mail"
  | "certificates"
  | "other";

export interface ImageRef {
  readonly registry?: string;
  /** Without registry, `library/`, tag and digest. */
  readonly name: string;
  readonly tag?: string;
  readonly digest?: string;
  /** Key of the fact table; the name itself for an image that is not in it. */
  readonly family: string;
}

export type Distribution =
  | "debian"
  | "ubuntu"
  | "alpine"
  | "distroless"
  | "scratch"
  | "rhel"
  | "busybox"
  | "unknown";

/** What is known of a common image at its default settings. A field that is left out is not known. */
export interface ImageFacts {
  readonly family: string;
  readonly kind: ImageKind;
  readonly distribution: Distribution;
  /** The image's USER as a process starts: "root" when it sets none. */
  readonly user?: string;
  /** It starts as root, but its entry point changes to another user before it serves. */
  readonly dropsPrivileges?: boolean;
  readonly workdir?: string;
  /** Container ports it serves by default. */
  readonly ports: readonly number[];
  /** Paths declared as VOLUME. */
  readonly volumes: readonly string[];
  /** Where it keeps what must survive, declared as VOLUME or not. */
  readonly dataDirectories: readonly string[];
  /** Programs by name: true is inside, false is not. A name that is not listed is not known. */
  readonly tools: ReadonlyMap<string, boolean>;
  /** The entry point in a sentence, where scripts or arguments depend on it. */
  readonly entrypoint?: string;
  /** One group must be satisfied by at least one of its variables, or the container exits at first start. */
  readonly requiredEnv: readonly (readonly string[])[];
  /** Variables may be given as `NAME_FILE`, a path to a secret. */
  readonly fileEnv?: boolean;
  /** Whether the image has a HEALTHCHECK of its own. */
  readonly healthcheck?: boolean;
  /** Whether a client needs a credential with the default settings. */
  readonly authentication?: "none" | "required";
  /** Directories below `/` besides the usual ones of a Linux system, in which the image has files. */
  readonly directories: readonly string[];
  /** Where this can be read again, and when it was last compared. */
  readonly source: string;
  readonly asOf: string;
}

/** One row of the table: what holds for every tag, and what a tag changes. */
export interface ImageFamily {
  /** Names that mean this family, the first is the family's own. */
  readonly names: readonly string[];
  readonly kind: ImageKind;
  /** Distribution of a tag without a variant. */
  readonly distribution: Distribution;
  readonly user?: string;
  readonly dropsPrivileges?: boolean;
  readonly workdir?: string;
  readonly ports?: readonly number[];
  readonly volumes?: readonly string[];
  readonly dataDirectories?: readonly string[];
  /** Nothing is added to the plain system but what `tools` and `variants` list: what it lacks is known too. */
  readonly bare?: boolean;
  /** Programs of every tag: "curl -wget ?nc" has curl, has no wget, and nothing is known of nc. */
  readonly tools?: string;
  /** Programs of the tags that match, on top. */
  readonly variants?: readonly { readonly tag: RegExp; readonly tools: string }[];
  readonly entrypoint?: string;
  readonly requiredEnv?: readonly (readonly string[])[];
  readonly fileEnv?: boolean;
  readonly healthcheck?: boolean;
  readonly authentication?: "none" | "required";
  readonly directories?: readonly string[];
  /** When the image's page says something else than the Docker Hub page of the name. */
  readonly source?: string;
  /** Day of the Dockerfiles with which this row was compared; the table's own date when left out. */
  readonly asOf?: string;
}

/** When the table was last gone through as a whole. */
export const factsAsOf = "2025-06-01";

const families: readonly ImageFamily[] = [...runtimeImages, ...dataImages, ...appImages];
const byName = new Map(families.flatMap(family => family.names.map(name => [name, family] as const)));

/** Docker's own images and those built on their data stores bring no check; of others nothing is known unless it is listed. */
function healthcheckOf(family: ImageFamily): boolean | undefined {
  if (family.healthcheck !== undefined) return family.healthcheck;
  const official = !family.names[0]!.includes("/") || family.kind === "database" || family.kind === "cache";
  return official || family.names[0]!.startsWith("prom/") ? false : undefined;
}

/** What a registry of one's own keeps of Docker Hub: `harbor.example.org/dockerhub/library/postgres`. */
const cacheOfHub = /^(?:docker-?hub|docker\.io)(?:[-_]\w+)?\/(?:library\/)?(.+)$/;

/** Takes an image reference apart. Text with variables left in it gives a name that is in no table. */
export function parseImageRef(text: string): ImageRef {
  const at = text.indexOf("@");
  const digest = at === -1 ? undefined : text.slice(at + 1);
  let rest = at === -1 ? text : text.slice(0, at);
  let registry: string | undefined;
  const slash = rest.indexOf("/");
  const first = slash === -1 ? "" : rest.slice(0, slash);
  if (first !== "" && (first === "localhost" || /[.:]/.test(first))) {
    registry = first;
    rest = rest.slice(slash + 1);
  }
  const colon = rest.lastIndexOf(":");
  const tag = colon > rest.lastIndexOf("/") ? rest.slice(colon + 1) : undefined;
  let name = tag === undefined ? rest : rest.slice(0, colon);
  const onHub = registry === undefined || registry === "docker.io" || registry === "index.docker.io";
  if (onHub) name = name.replace(/^library\//, "");
  // The same images are mirrored under these registries' own namespaces.
  if (registry === "public.ecr.aws") name = name.replace(/^docker\/library\//, "");
  if (registry === "mirror.gcr.io") name = name.replace(/^library\//, "");
  const cached = onHub ? undefined : cacheOfHub.exec(name)?.[1];
  const mirrored = registry === "public.ecr.aws" || registry === "mirror.gcr.io" || cached !== undefined;
  const family =
    byName.get(onHub || mirrored ? (cached ?? name) : `${registry}/${name}`)?.names[0] ?? cached ?? name;
  return {
    ...(registry === undefined ? {} : { registry }),
    name,
    ...(tag === undefined || tag === "" ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
    family: onHub || mirrored || byName.has(`${registry}/${name}`) ? family : `${registry}/${name}`,
  };
}

/** Which system the tag is built on: `3.12-slim` is Debian, `20-alpine3.19` Alpine. */
export function distributionOf(ref: ImageRef): Distribution {
  const tag = ref.tag ?? "";
  if (/(^|-)alpine/.test(tag)) return "alpine";
  if (/(^|-)(buster|bullseye|bookworm|trixie|slim|stretch)/.test(tag)) return "debian";
  if (/(^|-)(focal|jammy|noble|bionic|ubuntu)/.test(tag)) return "ubuntu";
  if (/(^|-)(ubi\d|rhel|oracle|ol\d)/.test(tag)) return "rhel";
  // A tag that nothing sets may be any of them.
  if (tag.includes("$")) return "unknown";
  return byName.get(ref.family)?.distribution ?? "unknown";
}

const asked = new Map<string, ImageFacts>();

/** What the table says of an image; undefined when it is not in it. */
export function factsFor(ref: ImageRef): ImageFacts | undefined {
  const family = byName.get(ref.family);
  if (!family) return undefined;
  const key = `${ref.family}:${ref.tag ?? ""}`;
  const facts = asked.get(key) ?? factsOf(family, ref);
  asked.set(key, facts);
  return facts;
}

function factsOf(family: ImageFamily, ref: ImageRef): ImageFacts {
  const distribution = distributionOf(ref);
  const tag = ref.tag ?? "";
  const tools = new Map<string, boolean>();
  const add = (text: string | undefined) => {
    for (const word of text?.split(" ") ?? []) {
      if (word.startsWith("?")) tools.delete(word.slice(1));
      else if (word !== "") tools.set(word.replace(/^-/, ""), !word.startsWith("-"));
    }
  };
  add(distroTools[distribution]);
  if (family.bare) add(absentTools[distribution]);
  add(family.tools);
  for (const variant of family.variants ?? []) if (variant.tag.test(tag)) add(variant.tools);
  return {
    family: family.names[0]!,
    kind: family.kind,
    distribution,
    ...(family.user === undefined ? {} : { user: userOf(family, tag) }),
    ...(family.dropsPrivileges === undefined ? {} : { dropsPrivileges: family.dropsPrivileges }),
    ...(family.workdir === undefined ? {} : { workdir: family.workdir }),
    ports: family.ports ?? [],
    volumes: family.volumes ?? [],
    dataDirectories: family.dataDirectories ?? family.volumes ?? [],
    tools,
    ...(family.entrypoint === undefined ? {} : { entrypoint: family.entrypoint }),
    requiredEnv: family.requiredEnv ?? [],
    ...(family.fileEnv === undefined ? {} : { fileEnv: family.fileEnv }),
    ...(healthcheckOf(family) === undefined ? {} : { healthcheck: healthcheckOf(family)! }),
    ...(family.authentication === undefined ? {} : { authentication: family.authentication }),
    directories: family.directories ?? [],
    source: family.source ?? `the image's page: ${family.names[0]}`,
    asOf: family.asOf ?? factsAsOf,
  };
}

function userOf(family: ImageFamily, tag: string): string {
  if (family.names[0] === "distroless" && /nonroot/.test(tag)) return "nonroot";
  return family.user ?? "root";
}

export interface EndOfLife {
  readonly product: string;
  readonly version: string;
  /** ISO date after which the makers give no security fixes. */
  readonly date: string;
  /** When the table was last compared. */
  readonly asOf: string;
}

/** Products whose support end the tag tells: for `python:3.7-slim-buster` Python 3.7 and Debian buster. */
export function endOfLife(ref: ImageRef): readonly EndOfLife[] {
  return versionedEndOfLife(ref.family, ref.tag ?? "").map(each => ({ ...each, asOf: supportEndsAsOf }));
}
