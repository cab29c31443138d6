import { isVendored } from "../artifacts/project-files.ts";
import { basename, dirname, inside, join } from "../core/path.ts";
import type { MissingSource } from "./image/copy-sources.ts";
import { mayAppear } from "./query-build.ts";
import { missingPrismaClients } from "./query-prisma-copy.ts";
import type { Build, Stack } from "./stack.ts";

/** Builds of the same Dockerfile whose context has everything. */
export function working(stack: Stack, first: Build): Build[] {
  return stack.builds.filter(
    build =>
      build.dockerfilePath === first.dockerfilePath &&
      build.context !== first.context &&
      build.model?.missingSources.length === 0,
  );
}

/** `COPY shop-web/ .` in the repository shop-web, which has no such folder: the context is to be the directory above. */
export function wantsAbove({ files, builds }: Stack, { context }: Build): boolean {
  const own = basename(files.root);
  if (files.has(own) !== undefined) return false;
  // Images of one context are written for one place.
  const missing = builds.flatMap(each =>
    each.context === context ? (each.model?.missingSources ?? []) : [],
  );
  // A package of the program is often called as the repository is: what is named below it has to be here.
  return missing.some(({ fromStage, path }) => {
    const [first, ...rest] = path.replace(/\/$/, "").split("/");
    return (
      fromStage === undefined && first === own && rest.length > 0 && files.has(rest.join("/")) !== undefined
    );
  });
}

/** Sources that surely are not there, one of each place. */
export function missingOf(stack: Stack, group: readonly Build[]): MissingSource[] {
  const found = new Map<number, MissingSource>();
  for (const build of group) {
    for (const each of build.model?.missingSources ?? []) {
      const inContext = each.fromStage === undefined;
      // Nobody commits the key of a certificate: who builds the image puts both beside it.
      if (inContext && each.reason === "absent" && /\.(?:pem|key|crt|cer|p12|pfx|jks)$/i.test(each.path))
        continue;
      if (inContext && each.reason === "absent" && isAskedFor(stack, join(build.context!, each.path)))
        continue;
      // What one of its callers has made before, the others may make, too.
      if (
        inContext &&
        each.reason === "absent" &&
        group.some(
          other =>
            (other === build || other.caller.kind === "workflow") &&
            mayAppear(stack, other, join(build.context!, each.path)),
        )
      )
        continue;
      if (!inContext && (isWrittenAbove(stack, build, each.path) || isOfWorkspace(build, each))) continue;
      found.set(each.source.at.span.start, each);
    }
    for (const each of missingPrismaClients(stack, build)) found.set(each.source.at.span.start, each);
  }
  return [...found.values()];
}

/** "The image expects a `site.conf` under `proxy/`": a page has whoever builds it put the file there. */
function isAskedFor({ files }: Stack, path: string): boolean {
  const names = ["README.md", "readme.md", "README.rst"];
  return [...new Set([dirname(path), dirname(dirname(path)), ""])]
    .flatMap(folder => names.map(name => join(folder, name)))
    .some(page => {
      const read = files.has(page) === "file" ? files.read(page) : undefined;
      const text = read && "source" in read ? read.source.text.slice(0, 60_000) : "";
      return (
        text.includes(basename(path)) &&
        text
          .split("\n")
          .some(
            line =>
              line.includes(basename(path)) &&
              line.includes(`${dirname(path)}/`) &&
              /\b(?:expects?|needs?|requires?|place|put|provide|create|copy)\b/i.test(line),
          )
      );
    });
}

/** What a workspace installs for a part of it lies at its root: `yarn workspaces focus` in a directory below. */
function isOfWorkspace({ dockerfile }: Build, { path, fromStage }: MissingSource): boolean {
  return (
    basename(path) === "node_modules" &&
    (dockerfile?.stages[fromStage!]?.runs ?? []).some(
      run =>
        run.workdir !== undefined &&
        inside(dirname(path), run.workdir) !== undefined &&
        /\b(?:npm|yarn|pnpm|bun)\b/.test(run.fragment.text),
    )
  );
}

const writers =
  /(?:^|\/)(?:bin|scripts)\/[\w.-]+$|\.sh$|(?:^|\/)(?:package|angular|project|workspace|tsconfig[\w.-]*)\.json$|(?:^|\/)[\w.-]+\.config\.[cm]?[jt]s$/;

/** A bundler or a script of this context is told to write beside its own directory: `outDir: "../server/wwwroot"`. */
function isWrittenAbove(stack: Stack, build: Build, path: string): boolean {
  const name = basename(path).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const above = new RegExp(`\\.\\./[^"'\`\\s]*${name}(?![\\w-])`);
  return stack.files.paths.some(file => {
    if (inside(build.context!, file) === undefined || !writers.test(file) || isVendored(file)) return false;
    const read = stack.files.read(file);
    return "source" in read && above.test(read.source.text);
  });
}
