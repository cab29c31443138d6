import { existsSync, lstatSync, mkdirSync, readlinkSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { type Container, EngineError, type LabProject, labLabel } from "../core/engine.ts";
import { dirname, join } from "../core/path.ts";
import type { Server, ServerSpec } from "../core/server.ts";
import { withoutLeftVolumes } from "./anonymous-volumes.ts";
import type { Api } from "./api.ts";
import { openDoor } from "./server-door.ts";
import { doorName, listenText, serverDirectory, shims, shimText } from "./server-programs.ts";
import { imagePrefix } from "./sweep.ts";
import { packTree, type TarEntry } from "./tar.ts";

export interface ServerTools {
  readonly api: Api;
  readonly environment: Readonly<Record<string, string | undefined>>;
  ours(container: Container): Promise<unknown>;
  addressOf(container: Container): Promise<string | undefined>;
  inspect(id: string): Promise<Container>;
}

/** A place in the file system that this machine keeps its programs in, and what they cannot do without. */
const lent = [
  "/usr",
  "/bin",
  "/sbin",
  "/lib",
  "/lib64",
  "/lib32",
  "/etc/alternatives",
  "/etc/ssl",
  "/etc/ca-certificates",
  "/etc/localtime",
];

export async function openServer(
  { api, environment, ours, addressOf, inspect }: ServerTools,
  lab: LabProject,
  spec: ServerSpec,
): Promise<Server> {
  if (process.platform !== "linux" || !api.endpoint.local)
    throw new EngineError(
      "failed",
      "Scripts of the server run with this machine's programs, which needs Linux and an engine on it.",
    );
  const image = `${imagePrefix}${lab.lab}-server:lab`;
  await importImage(api, image, lab.lab);
  const own = `${dirname(lab.file)}/server/lab`;
  layOut(own);
  let id = "";
  const door = await openDoor({
    ...{ path: `${own}/${doorName}`, directory: dirname(lab.file), spec, ours, addressOf, environment },
    id: () => id,
    changing: command => withoutLeftVolumes(api, lab.lab, command),
  });
  try {
    // The user that deploys is no root either, and has to get in.
    await chmod(`${own}/${doorName}`, 0o666);
    const created = await api.call("POST", "/containers/create", {
      body: {
        Image: image,
        Cmd: [`${serverDirectory}/node`, `${serverDirectory}/listen`, ...spec.ports.map(String)],
        Env: [
          `PATH=${serverDirectory}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
          "LANG=C.UTF-8",
        ],
        Hostname: "server",
        Labels: { [labLabel]: lab.lab },
        HostConfig: {
          Binds: [...bindsOf(own), ...spec.mounts.map(({ source, target }) => `${source}:${target}`)],
          ExtraHosts: spec.names.map(name => `${name}:127.0.0.1`),
          ...{ NetworkMode: "none", PidsLimit: 1024, CapDrop: ["NET_RAW", "MKNOD"] },
        },
      },
    });
    id = created.json<{ Id: string }>().Id;
    await api.call("PUT", `/containers/${id}/archive?path=/`, { raw: packTree(linksOf(spec)) });
    await api.call("POST", `/containers/${id}/start`);
    const container = await inspect(id);
    return {
      container,
      async close() {
        await api.call("DELETE", `/containers/${id}?force=1&v=1`, { allow: [404, 409], timeoutMs: 60_000 });
        door.close();
      },
    };
  } catch (error) {
    door.close();
    if (id !== "") await api.call("DELETE", `/containers/${id}?force=1&v=1`, { allow: [404, 409] });
    throw error;
  }
}

/** An image that holds a few directories and files of ours: programs come from this machine. */
async function importImage(api: Api, image: string, lab: string): Promise<void> {
  const [name, tag] = image.split(":") as [string, string];
  const changes = encodeURIComponent(`LABEL ${labLabel}=${lab}`);
  const query = `fromSrc=-&repo=${encodeURIComponent(name)}&tag=${tag}&changes=${changes}`;
  await api.call("POST", `/images/create?${query}`, { raw: packTree(skeleton()), timeoutMs: 60_000 });
}

function skeleton(): TarEntry[] {
  const directory = (name: string, mode = 0o755, uid = 0): TarEntry => ({
    ...{ name: `${name}/`, kind: "directory", mode, uid },
  });
  const file = (name: string, text: string): TarEntry => ({ name, kind: "file", content: Buffer.from(text) });
  const links = lent.flatMap((path): TarEntry[] =>
    isLink(path) && dirname(path) === "/"
      ? [{ name: path.slice(1), kind: "link", to: readlinkSync(path) }]
      : [],
  );
  return [
    ...["etc", "usr", "root", "home", "srv", "opt", "mnt", "run", "var", "lab"].map(name => directory(name)),
    ...["var/log", "var/lib", "var/backups", "var/www"].map(name => directory(name)),
    ...[directory("tmp", 0o1777), directory("var/tmp", 0o1777), directory("home/deploy", 0o755, 1000)],
    file("etc/passwd", "root:x:0:0:root:/root:/bin/bash\ndeploy:x:1000:1000::/home/deploy:/bin/bash\n"),
    file("etc/group", "root:x:0:\ndeploy:x:1000:\ndocker:x:999:deploy\n"),
    file("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"),
    ...links,
  ];
}

/** What stands at the shims' places on this machine is covered too: a script may call it by its path. */
function bindsOf(own: string): string[] {
  const programs = lent.filter(path => existsSync(path) && !(isLink(path) && dirname(path) === "/"));
  const covered = shims.flatMap(name =>
    ["/usr/bin", "/usr/local/bin"].flatMap(directory => {
      const path = `${directory}/${name}`;
      const real = existsSync(path) ? realpathSync(path) : undefined;
      return real?.startsWith("/usr/") ? [`${own}/bin/${name}:${real}:ro`] : [];
    }),
  );
  return [
    ...programs.map(path => `${path}:${path}:ro`),
    ...new Set(covered),
    `${own}:${serverDirectory}:ro`,
    `${process.execPath}:${serverDirectory}/node:ro`,
  ];
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function layOut(own: string): void {
  rmSync(own, { recursive: true, force: true });
  mkdirSync(`${own}/bin`, { recursive: true });
  // The engine wants to find what it mounts over.
  writeFileSync(`${own}/node`, "");
  writeFileSync(`${own}/listen`, listenText(), { mode: 0o755 });
  for (const name of shims) writeFileSync(`${own}/bin/${name}`, shimText(), { mode: 0o755 });
}

function linksOf({ links }: ServerSpec): TarEntry[] {
  const made = new Set(skeleton().map(({ name }) => name));
  return links.flatMap(({ path, to }): TarEntry[] => [
    ...parentsOf(path)
      .map((name): TarEntry => ({ name: `${name}/`, kind: "directory" }))
      .filter(({ name }) => !made.has(name)),
    { name: path.slice(1), kind: "link", to },
  ]);
}

function parentsOf(path: string): string[] {
  const parents: string[] = [];
  for (let at = dirname(path); at !== "/" && at !== ""; at = dirname(at))
    parents.unshift(join("", at.slice(1)));
  return parents;
}
