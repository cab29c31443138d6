import { type Lab, NotSeen, type Scene } from "../../core/drill.ts";
import type { ComposeModel, ComposeService } from "../../core/engine.ts";
import type { OwnServer } from "../../core/server.ts";
import type { DrillStack } from "../drill.ts";
import { type Taken, take, type Way, wantsTheWorld } from "./ways.ts";

/** What is wrong with a release that is brought in. */
export type Defect = "none" | "exits" | "hangs";

/** Brings releases into the lab in one way: the project's own, or `docker compose up -d`. */
export interface Deploy {
  readonly title: string;
  readonly server?: OwnServer;
  /** @throws NotSeen when the way cannot be taken in a lab. */
  bring(release: number, defect: Defect): Promise<Taken>;
}

const label = "shipworthy.release";

/** A release is new by a mark on its images, and on its containers where they come from a registry. */
export function released(
  model: ComposeModel,
  apps: readonly string[],
  release: number,
  defect: Defect,
  pulled: ReadonlySet<string>,
): ComposeModel {
  const services = Object.entries(model.services).map(([name, service]) => [
    name,
    apps.includes(name) ? releasedService(service, release, defect, pulled.has(name)) : service,
  ]);
  return { ...model, services: Object.fromEntries(services) };
}

function releasedService(
  from: ComposeService,
  release: number,
  defect: Defect,
  pulled: boolean,
): ComposeService {
  const mark = { [label]: String(release) };
  const marked = (object: unknown) => ({ ...(object as object | undefined), ...mark });
  return {
    ...from,
    // What is built here is new when it is built, not before.
    ...(from.build && !pulled ? {} : { labels: marked(from["labels"]) }),
    ...(from.build ? { build: { ...from.build, labels: marked(from.build["labels"]) } } : {}),
    ...broken[defect],
  };
}

const shell = (script: string) => ({ entrypoint: ["/bin/sh", "-c", script], command: [] });

/** Broken as versions are: the program ends at once, or lives and does not serve. */
const broken = {
  none: {},
  exits: shell("echo 'this release is broken' >&2; exit 1"),
  hangs: shell("trap 'exit 0' TERM; while :; do sleep 1; done"),
};

/** By hand: Compose replaces what is named, one after the other. */
export function byUp(lab: Lab, apps: readonly string[]): Deploy {
  const { engine, project, model } = lab;
  return {
    title: "docker compose up -d",
    async bring(release, defect) {
      await engine.write(project, released(model, apps, release, defect, new Set(apps)));
      const since = engine.now();
      const done = await engine.up(project, { services: apps });
      return { ok: done.ok, saw: done.ok ? "it ends with 0" : done.words, ms: engine.now() - since };
    },
  };
}

/** By the project's own way. */
export async function byWay(
  scene: Scene,
  stack: DrillStack,
  way: Way,
  apps: readonly string[],
): Promise<Deploy> {
  const { lab } = scene;
  let now: { readonly release: number; readonly defect: Defect } = { release: 0, defect: "none" };
  const server = await lab.server({
    places: way.places,
    release: () => String(now.release),
    change: (model, pulled) => released(model, apps, now.release, now.defect, pulled),
  });
  scene.afterwards("close the server", server.close);
  await prepare(server, way, stack);
  return {
    ...{ title: way.title, server },
    async bring(release, defect) {
      now = { release, defect };
      const taken = await take(server, way, `lab-${release}`);
      lab.heard.set(way.title, `${lab.heard.get(way.title) ?? ""}${taken.said ?? ""}`);
      const world = taken.ok || defect !== "none" ? undefined : wantsTheWorld(stack, way);
      if (world !== undefined)
        throw new NotSeen(`${way.title} wants more than a lab has (${world}): ${taken.saw}`);
      return taken;
    },
  };
}

/** The server as the way expects it: env files that only it has, and the repository that it pulls from. */
async function prepare(server: OwnServer, way: Way, { project }: DrillStack): Promise<void> {
  const { tree } = server;
  const own = project.directory === "" ? tree : `${tree}/${project.directory}`;
  for (const file of way.envFiles) {
    const path = file.startsWith("/") ? file : `${tree}/${file}`;
    await server.run(["sh", "-c", 'cp "$1" "$2" 2>/dev/null || : >"$2"', "sh", `${own}/.env`, path]);
    const asked = Object.entries(server.values(way.inEnvFile));
    for (const [name, value] of asked)
      await server.run(["sh", "-c", 'grep -q "^$1=" "$3" || echo "$1=$2" >>"$3"', "sh", name, value, path]);
  }
  // The server's tree is a clone that has nothing new to pull.
  await server.run(["sh", "-c", repository, "sh", tree]);
  if (way.ordinary) await server.run(["chown", "-R", "--from=root", "1000:1000", tree]);
}

const repository = [
  'cd "$1" && command -v git >/dev/null || exit 0',
  "git config --system --add safe.directory '*'; git config --system user.email lab@lab.invalid",
  "git config --system user.name lab; git config --system init.defaultBranch main",
  "git init -q . && git add -A && git commit -qm deployed && git clone -q --bare . /srv/origin.git",
  "git remote add origin /srv/origin.git && git fetch -q && git branch -q -u origin/main",
].join("; ");

/** Everything as it was before the first release. */
export async function restore(lab: Lab, apps: readonly string[]): Promise<void> {
  // At once: whoever waits for another's health when it starts is waited for here.
  await lab.startTogether();
  for (const name of apps) await lab.serves(name);
}

/** Ids of the containers in which the applications run. */
export async function running(lab: Lab, apps: readonly string[]): Promise<ReadonlySet<string>> {
  const all = (await Promise.all(apps.map(lab.containers))).flat();
  return new Set(all.filter(({ state }) => state === "running").map(({ id }) => id));
}
