import { parsePackageManifest } from "../artifacts/package-manifest.ts";
import { parsePythonManifest } from "../artifacts/python-dependencies.ts";
import type { Edit, Fix } from "../core/fix.ts";
import { writtenAt } from "../stack/query-build.ts";
import type { ImageUse } from "../stack/query-images.ts";
import { runtimeUses } from "../stack/query-runtime.ts";
import type { Stack } from "../stack/stack.ts";
import { chooseVersion } from "./base-images.ts";
import { forLaterDebian } from "./debian-packages.ts";

const names = { node: "Node.js", python: "Python" } as const;

/**
 * Moves base images of a language to a supported version that the manifests allow, in all given places. Undefined for
 * other products (a data store's major version converts its data), for computed names, and where nothing supported is
 * allowed.
 */
export function upgradeRuntime(stack: Stack, uses: readonly ImageUse[]): Fix | undefined {
  const product = uses[0]?.ref.family;
  if (product !== "node" && product !== "python") return undefined;
  const now = [...new Set(uses.map(use => /^\d+(?:\.\d+)?/.exec(use.ref.tag ?? "")?.[0]))];
  const ranges = rangesOf(stack, uses, product);
  const version = chooseVersion(
    product,
    now.length === 1 ? nextOf(product, now[0]) : [],
    ranges,
    stack.today,
  );
  if (version === undefined) return undefined;
  const edits = uses.flatMap(use => retag(stack, use, product, version) ?? []);
  const packages = packagesFor(stack, uses);
  if (edits.length !== uses.length || !packages) return undefined;
  return {
    title:
      now[0] === version
        ? `Move ${names[product]} ${version} to a later Debian`
        : `Move to ${names[product]} ${version}`,
    grade: "big-change",
    edits: [...edits, ...packages],
    test: `Build, and run the tests in an image of ${names[product]} ${version}: packages that are fixed to old versions may not install there.`,
  };
}

/**
 * What comes first: the version that is there, while it is supported, because it is the system below that ended. Of
 * Python then the nearest later one: packages that are fixed have wheels for it sooner than for the newest.
 */
function nextOf(product: "node" | "python", now: string | undefined): string[] {
  const [major = 0, minor = Number.NaN] = (now ?? "").split(".").map(Number);
  if (product === "node") return now === undefined ? [] : [String(major)];
  if (major !== 3 || Number.isNaN(minor)) return [];
  return Array.from({ length: 8 }, (_, more) => `3.${minor + more}`);
}

/** The new version may stand on a later Debian, unless the tag names one that stays. */
function packagesFor(stack: Stack, uses: readonly ImageUse[]): Edit[] | undefined {
  const files = new Set(
    uses.flatMap(use => (/alpine|bookworm|trixie/.test(writtenAt(stack, use.at)) ? [] : use.at.file)),
  );
  const edits: Edit[] = [];
  for (const file of files) {
    const dockerfile = stack.dockerfiles.get(file);
    const own = dockerfile ? forLaterDebian(dockerfile) : [];
    if (!own) return undefined;
    edits.push(...own);
  }
  return edits;
}

/** What package.json or pyproject.toml of the programs in these images ask for. */
function rangesOf(
  stack: Stack,
  uses: readonly ImageUse[],
  product: "node" | "python",
): (string | undefined)[] {
  const manifests = uses.flatMap(use => (use.build ? runtimeUses(use.build).map(each => each.manifest) : []));
  return [...new Set(manifests)].map(path => {
    const read = stack.files.read(path);
    if (!("source" in read)) return undefined;
    if (path.endsWith("package.json"))
      return product === "node"
        ? parsePackageManifest(read.source).model.engines.get("node")?.value
        : undefined;
    return product === "python" ? parsePythonManifest(read.source).model.python?.value : undefined;
  });
}

/** `18.19-alpine3.18` becomes `24-alpine`; a release of Debian that the new version has no image for gives way to the next. */
function retag(stack: Stack, use: ImageUse, product: string, version: string): Edit | undefined {
  const written = writtenAt(stack, use.at);
  const found = new RegExp(
    `^((?:docker\\.io/)?(?:library/)?${product}):([\\d.]+)((?:-[a-z]+[\\d.]*)*)$`,
  ).exec(written);
  if (!found) return undefined;
  const suffix = found[3]!.replace(/alpine[\d.]+/, "alpine").replace(/stretch|buster|bullseye/, "bookworm");
  const start = use.at.span.start + found[1]!.length + 1;
  return {
    at: { file: use.at.file, span: { start, end: use.at.span.end } },
    text: `${version}${suffix}`,
  };
}

/** Released versions of images whose new versions read what the old ones wrote; as in the example, 2026-11; not compared with a registry. */
const pins: Readonly<Record<string, { readonly version: string; readonly variants: RegExp }>> = {
  nginx: { version: "1.30", variants: /^(?:(?:latest|stable)(?=-|$))?-?(alpine|alpine-slim|bookworm)?$/ },
  "certbot/certbot": { version: "v5.7.0", variants: /^(?:latest)?()$/ },
};

/** Names versions of images that have none. Undefined when one of them has no known version, or its tag says more. */
export function pinImages(stack: Stack, uses: readonly ImageUse[]): Fix | undefined {
  const edits = uses.flatMap(use => {
    const pin = pins[use.ref.name];
    const variant = pin?.variants.exec(use.ref.tag ?? "");
    const written = writtenAt(stack, use.at);
    if (!pin || !variant || use.ref.registry !== undefined || !/^[\w./-]+(:[\w.-]+)?$/.test(written))
      return [];
    const bare = written.replace(/:[^:]*$/, "");
    const text = `${bare}:${pin.version}${variant[1] ? `-${variant[1]}` : ""}`;
    return [{ at: use.at, text }];
  });
  if (edits.length === 0) return undefined;
  const names = edits.map(({ text }) => text.replace(/:[^:]*$/, ""));
  return {
    title:
      edits.length < uses.length
        ? `Name the versions of ${[...new Set(names)].join(", ")}`
        : "Name the versions of the images",
    grade: "needs-testing",
    edits,
    ...(edits.length < uses.length ? { partial: true } : {}),
    test: "Start the stack and look at the logs of these services: the version may be another than the one that runs now.",
  };
}
