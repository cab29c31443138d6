import { inside, join } from "../core/path.ts";
import type { AppComponent } from "../stack/app/detect.ts";
import type { Stack } from "../stack/stack.ts";
import { dockerignoreText } from "./dockerignore.ts";
import { filesConfiguration } from "./file-server.ts";
import type { NewFile } from "./new-file.ts";
import { type NodeApp, nodeApp } from "./node-app.ts";
import { nodeDockerfile } from "./node-dockerfile.ts";
import { isStatic, siteConfiguration, staticDockerfile } from "./node-site.ts";
import { type PythonApp, pythonApp } from "./python-app.ts";
import { pythonDockerfile } from "./python-dockerfile.ts";

/** What the rest of a stack has to know of an image, and the files that build it. */
export interface AppImage {
  /** Directory that is sent to the builder, relative to the root; "" is the root. */
  readonly context: string;
  /** Paths relative to the root. */
  readonly dockerfile: NewFile;
  readonly ignore: NewFile;
  /** Further files that the image copies: the web server's configuration of a bundle. */
  readonly files: readonly NewFile[];
  /** The stage `static` is there: it serves `/static` on port 8080. */
  readonly statics: boolean;
  /** Port that the process listens on, above 1024. */
  readonly port: number;
  /** A route that answers without a credential, as far as the code shows one. */
  readonly health?: string;
  /** Command that brings the database's schema up to date, to be run once before the program starts. */
  readonly migrate?: readonly string[];
  /** The stage that is made for it, where the program's own image has no tools. */
  readonly migrateStage?: string;
  /** Commands of further processes that the same image runs. */
  readonly workers: readonly { readonly name: string; readonly command: readonly string[] }[];
  /** Variables that are fixed into the browser's code by the build. */
  readonly buildArguments: readonly string[];
  /** Absolute directories in the image that the program writes to and that must outlive it. */
  readonly uploads: readonly string[];
  /** The stage `static` also serves this path, from a volume that holds the uploads: `/media/`. */
  readonly uploadsPath?: string;
  /** Files of the repository that the Dockerfile copies by name, relative to the root. */
  readonly copies: readonly string[];
  /** What the reader has to do so that the image is built the same way twice. */
  readonly afterwards?: string;
}

export interface AppImageOptions {
  /** Directory of the build context; the one that holds the manifest and all that it needs when left out. */
  readonly context?: string;
  /** Path of the Dockerfile; `Dockerfile` in the component's directory when left out. */
  readonly dockerfile?: string;
  /** Version of the runtime that the project uses elsewhere: `3.11` or `20`. It is kept while it is supported. */
  readonly version?: string;
  /** The port that others already reach it on. */
  readonly port?: number;
  /** Also writes a stage `static` that serves collected files, where the program itself does not. */
  readonly statics?: boolean;
  /** Also writes a stage that brings a Node program's database to its schema, for a service that runs it. */
  readonly migrations?: boolean;
  /** Debian packages that callers of the image use in it: `curl` for a health check in the Compose file. */
  readonly tools?: readonly string[];
}

/**
 * A Dockerfile for one component, derived from what its own files say: several stages, dependencies from the lock file
 * and cached, a user without rights, a base image with a version, an exec-form command that gets signals. Undefined for
 * kinds that are not known (see `AppKind`) and where something needed cannot be told: how it starts, what it installs.
 */
export function appImage(
  stack: Pick<Stack, "files" | "today" | "components" | "envFiles">,
  component: AppComponent,
  options: AppImageOptions = {},
): AppImage | undefined {
  const port = options.port === undefined ? {} : { port: options.port };
  const tools = options.tools ?? [];
  const found = pythonApp(stack, component, options.version);
  const python =
    found &&
    withPort({ ...found, runPackages: [...new Set([...found.runPackages, ...tools])].sort() }, options.port);
  const nodes = python ? undefined : nodeApp(stack, component, options.version);
  const node = nodes && {
    ...(options.migrations ? nodes : withoutMigration(nodes)),
    ...port,
    runPackages: [...new Set([...nodes.runPackages, ...tools])].sort(),
  };
  const app = python ?? node;
  if (!app) return undefined;
  const context = options.context ?? app.root;
  // Everything that is copied has to lie in the context.
  if (inside(context, app.root) === undefined) return undefined;
  const below = inside(context, app.root)!;
  const path = options.dockerfile ?? join(python ? app.root : component.dir, "Dockerfile");
  const statics =
    options.statics && python?.collect?.unserved !== undefined
      ? siteName(stack, app.root, "static.nginx.conf")
      : undefined;
  const text = python
    ? pythonDockerfile(python, below, statics)
    : isStatic(component.kind)
      ? staticDockerfile(node!, below, siteName(stack, component.dir))
      : nodeDockerfile(node!, below);
  const files = isStatic(component.kind)
    ? [{ path: join(component.dir, siteName(stack, component.dir)), text: siteConfiguration(node!) }]
    : statics === undefined
      ? []
      : [{ path: join(app.root, statics), text: filesConfiguration(8080, "/static/", python?.uploadsPath) }];
  return {
    context,
    dockerfile: { path, text },
    ignore: {
      path: join(context, ".dockerignore"),
      text: dockerignoreText(stack.files, context, { bundles: node !== undefined }),
    },
    files,
    statics: statics !== undefined,
    port: app.port,
    ...(app.health === undefined ? {} : { health: app.health }),
    ...(python?.migrate ? { migrate: python.migrate } : {}),
    ...(node?.migration ? { migrate: node.migration.command, migrateStage: "migrate" } : {}),
    workers: python?.workers ?? [],
    buildArguments: node?.buildArguments ?? [],
    uploads: python?.uploads ?? [],
    ...(statics !== undefined && python?.uploadsPath !== undefined
      ? { uploadsPath: python.uploadsPath }
      : {}),
    copies: copiesOf(app),
    ...(app.afterwards === undefined ? {} : { afterwards: app.afterwards }),
  };
}

function withoutMigration({ migration: _, ...app }: NodeApp): NodeApp {
  return app;
}

function copiesOf(app: PythonApp | NodeApp): string[] {
  const names =
    "install" in app ? app.install.files : ["package.json", app.lock ?? [], app.members, app.shared].flat();
  return names.map(name => join(app.root, name));
}

/** The same server on another port. */
function withPort(app: PythonApp, port: number | undefined): PythonApp {
  if (port === undefined || port === app.port) return app;
  const old = String(app.port);
  const start = app.start.map(word => (word === old ? String(port) : word.replace(`:${old}`, `:${port}`)));
  return { ...app, port, start };
}

/** A name for the web server's configuration that is not taken. */
function siteName(stack: Pick<Stack, "files">, root: string, wanted = "nginx.conf"): string {
  return [wanted, "site.nginx.conf", "files.nginx.conf"].find(
    name => stack.files.has(join(root, name)) === undefined,
  )!;
}
