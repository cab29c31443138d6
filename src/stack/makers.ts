import type { Build } from "./stack.ts";

/**
 * What in the repository builds the image that is pulled by a name. The tag does not matter, and variables stand for
 * anything; the last part of the name has to be written out, unless the whole of it is left to the caller. Undefined
 * when two different Dockerfiles could be meant and the tag does not tell which.
 */
export function makerOf(image: string, builds: readonly Build[], root = ""): Build | undefined {
  const wanted = nameOf(/^\$\{\w+:?-([^{}]+)\}$/.exec(image)?.[1] ?? image);
  const isAnything = isLeftOpen(image) && !foreign.test(image);
  const ending = wanted ? undefined : endingOf(image);
  if (wanted === undefined && ending === undefined && !isAnything) return undefined;
  const fits = (build: Build): boolean => {
    if (wanted) return build.tags.some(tag => isSame(wanted, nameOf(tag), tag));
    if (ending !== undefined)
      return build.tags.some(tag => endingOf(tag) === ending || nameOf(tag)?.last.endsWith(ending));
    return build.push;
  };
  const found = builds.filter(build => build.model !== undefined && fits(build));
  if (found.length === 0 && wanted) return namedAfter(root, wanted, builds);
  // A build that is only tried is the one that is pushed, unless they differ: then the pushed one is pulled.
  const pushed = found.filter(build => build.push);
  const makers = pushed.length > 0 ? pushed : found;
  // `shop:dev` and `shop:prod` are two images of one name: the tag decides, where it is written out.
  const exact = makers.filter(build => !image.includes("$") && build.tags.includes(image));
  return only(makers) ?? only(exact);
}

/** Nothing but variables without defaults: `${REGISTRY}/${NAME}:${TAG}`. */
export function isLeftOpen(image: string): boolean {
  return /^\$(?:\w+|\{\w+(?::?\?[^{}]*)?\})(?:[/:]\$(?:\w+|\{\w+(?::?\?[^{}]*)?\}))*$/.test(image);
}

/**
 * The only image that is pushed, under a name that the repository does not tell (`${{ secrets.IMAGE }}`), where what is
 * pulled is called after the repository.
 */
function namedAfter(root: string, { last }: Name, builds: readonly Build[]): Build | undefined {
  const plain = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, "");
  const [own, repository] = [plain(last), plain(root)];
  const isCalled =
    own.length > 2 && repository.length > 2 && (repository.includes(own) || own.includes(repository));
  const pushed = builds.filter(({ push, model }) => push && model !== undefined);
  const isUntold = (tag: string) => nameOf(tag) === undefined || tag.includes("${OWNER}");
  return isCalled && pushed.every(({ tags }) => tags.every(isUntold)) ? only(pushed) : undefined;
}

/** One of them, where all are made in the same way. */
function only(makers: readonly Build[]): Build | undefined {
  const recipes = new Set(
    makers.map(({ context, dockerfilePath, target }) => [context, dockerfilePath, target?.value].join("\n")),
  );
  return recipes.size === 1 ? makers[0] : undefined;
}

/** `${PREFIX}-api:latest` and `${{ env.PREFIX }}-api`: a variable, and "-api" behind it. */
function endingOf(image: string): string | undefined {
  const plain = image.replace(/\$\{\{[^{}]*\}\}/g, "${X}").replace(/:[^:/{}]*$/, "");
  return /(?:^|\/)\$(?:\w+|\{\w+(?::?[-?][^{}]*)?\})([-_][A-Za-z][\w.-]{2,})(?::.*)?$/.exec(plain)?.[1];
}

/** Variables of images that others make. */
const foreign =
  /DB|DATABASE|POSTGRES|PG|MYSQL|MARIA|MONGO|REDIS|NGINX|PROXY|TRAEFIK|CADDY|BASE|RABBIT|ELASTIC|MINIO/i;

interface Name {
  readonly last: string;
  /** Whose it is; undefined where a variable says it, or nothing does. */
  readonly owner: string | undefined;
}

/** `ghcr.io/acme/shop-api:${TAG}`: the owner is "acme", the last part "shop-api". */
function nameOf(image: string): Name | undefined {
  const parts = image
    .replace(/@sha256:.*$/, "")
    .replace(/:(?:[^:/{}]*|[^/]*\$\{.*\}[^/]*)$/, "")
    .split("/");
  const last = parts.at(-1)!;
  if (last === "" || /[${}:]/.test(last)) return undefined;
  const owner = parts.at(-2);
  return { last, owner: owner === undefined || /[${}.:]/.test(owner) ? undefined : owner };
}

function isSame(one: Name, other: Name | undefined, tag: string): boolean {
  if (other === undefined) {
    // `${{ github.repository }}-api`: the name of the repository, which the tree does not say, and a word of its own.
    const [, own] = /(?:\}(?=[-_])|\$\w+(?=-))([-_][\w.-]{3,}?)(?::[^/]*)?$/.exec(tag) ?? [];
    return own !== undefined && one.last.endsWith(own);
  }
  if (one.last !== other.last) return false;
  // A bare name is the engine's own; with an owner it was pushed somewhere under that name.
  return one.owner === undefined || other.owner === undefined || one.owner === other.owner;
}
