import { dependsOn, type PackageManifest } from "../artifacts/package-manifest.ts";
import { dirname, inside, join } from "../core/path.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import type { Member, Workspace } from "./node-workspace.ts";

/** What brings a database to the schema that the code wants. */
export interface NodeMigration {
  /** Directory that it runs in, seen from where packages are installed. */
  readonly dir: string;
  readonly command: readonly string[];
}

/** A schema of Prisma that code is generated from. */
export interface PrismaSchema {
  /** Relative to the audited root. */
  readonly file: string;
  /** Directory of the package that it belongs to, seen from where packages are installed. */
  readonly dir: string;
  readonly provider: string;
  /** Variables that it reads: addresses of the database. */
  readonly reads: readonly string[];
  /** There are steps to apply. */
  readonly hasSteps: boolean;
  /** Generates the code; undefined where a script of the package does, or nothing brings the tool. */
  readonly generate?: string;
  /** Up to version 6 its engine is a program that loads the system's OpenSSL. */
  readonly needsOpenssl: boolean;
}

/** Scripts that apply what is missing and ask nobody. */
const applies =
  /\bknex\b.*\bmigrate:latest\b|\bsequelize(?:-cli)?\b.*\bdb:migrate(?![:\w])|\btypeorm\S*.*\bmigration:run\b|\bdrizzle-kit\s+migrate\b|\bnode-pg-migrate\b.*\bup\b|\bmikro-orm\b.*\bmigration:up\b|\bprisma\s+migrate\s+deploy\b/;
/** They read a file of a workstation, or belong to one. */
const isLocal = /\bdotenv\b|\benv-cmd\b|--env-file|NODE_ENV=(?!production)|\bnodemon\b|--watch/;

/** The packages that a program is made of, with their directories: its own, those that it needs, the root's. */
function packagesOf({ member, members, needs, manifest }: Workspace, own: PackageManifest): Member[] {
  const parts = [{ dir: member, manifest: own }, ...needs.toReversed()];
  return members.length > 0 ? [...parts, { dir: "", manifest }] : parts;
}

/**
 * The step that a script of package.json names, else the one of Prisma where its steps are in the repository. Undefined
 * where neither is there.
 */
export function migrationOf(
  workspace: Workspace,
  own: PackageManifest,
  schemas: readonly PrismaSchema[],
): NodeMigration | undefined {
  const [schema] = schemas;
  if (schemas.length === 1 && schema!.hasSteps) {
    const path = inside(join(workspace.root, schema!.dir), schema!.file)!;
    const isUsual = path === "prisma/schema.prisma" || path === "schema.prisma";
    return {
      dir: schema!.dir,
      command: ["npx", "prisma", "migrate", "deploy", ...(isUsual ? [] : ["--schema", path])],
    };
  }
  for (const { dir, manifest } of packagesOf(workspace, own)) {
    const names = [...manifest.scripts].flatMap(([name, { value }]) =>
      applies.test(value) && !isLocal.test(value) && !/dev|test/i.test(name) ? [name] : [],
    );
    const name = names.find(each => /prod|deploy/i.test(each)) ?? names[0];
    if (name !== undefined) return { dir, command: ["npm", "run", name] };
  }
  return undefined;
}

/** The schemas of Prisma in the packages of a program. */
export function prismaSchemas(
  files: ProjectFiles,
  workspace: Workspace,
  own: PackageManifest,
): PrismaSchema[] {
  const packages = packagesOf(workspace, own).filter(each => each.dir !== "" || workspace.member === "");
  return packages.flatMap(({ dir, manifest }) => {
    const root = join(workspace.root, dir);
    const file = files.paths.find(
      path =>
        /(^|\/)schema\.prisma$/.test(path) &&
        inside(root, path) !== undefined &&
        !/\/node_modules\//.test(path),
    );
    const read = file === undefined ? undefined : files.read(file);
    const text = read && "source" in read ? read.source.text : "";
    const source = /\bdatasource\s+\w+\s*\{([^}]*)\}/.exec(text)?.[1];
    const provider = /\bprovider\s*=\s*"(\w+)"/.exec(source ?? "")?.[1];
    if (file === undefined || provider === undefined) return [];
    const tool = [manifest, own, workspace.manifest].map(each => dependsOn(each, "prisma")).find(Boolean);
    const makes = [own, manifest].some(each =>
      ["build", "prebuild", "postinstall"].some(name =>
        /\bprisma generate\b/.test(each.scripts.get(name)?.value ?? ""),
      ),
    );
    // Its settings may insist on a variable that only the server has.
    const isConfigured = files.has(join(root, "prisma.config.ts")) === "file";
    const client = [manifest, own].map(each => dependsOn(each, "@prisma/client")).find(Boolean);
    return [
      {
        file,
        dir,
        provider,
        reads: [...source!.matchAll(/\benv\(\s*"(\w+)"\s*\)/g)].map(found => found[1]!),
        hasSteps: tool !== undefined && files.has(join(dirname(file), "migrations")) === "directory",
        ...(tool && !makes
          ? {
              generate: `${isConfigured ? "DATABASE_URL=postgresql://localhost/build " : ""}npx prisma generate`,
            }
          : {}),
        needsOpenssl: !/^[~^>=]*(?:[7-9]|\d\d)\./.test((client ?? tool)?.range ?? ""),
      },
    ];
  });
}
