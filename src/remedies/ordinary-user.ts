import type { Fix } from "../core/fix.ts";
import { inside } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import { locate } from "../core/source.ts";
import type { Build, Mount, Service, Stack } from "../stack/stack.ts";
import { servedPort } from "./app-probe.ts";
import { madeDirectories, needsRoot } from "./root-needs.ts";

/** Far from the numbers that systems and people get. */
const id = 10001;

/**
 * Lets the last stage of an image run as an ordinary user who owns its working directory. Undefined where the system,
 * the directory or a port is not known, and where the program needs a port of the system's.
 */
export function runAsOrdinaryUser(stack: Stack, build: Build, services: readonly Service[]): Fix | undefined {
  const { model, stage } = build;
  const source = build.dockerfilePath === undefined ? undefined : sourceOf(stack, build.dockerfilePath);
  const workdir = model?.workdir;
  if (!model || !stage || !source || !workdir || workdir.split("/").length < 2 || workdir === "/")
    return undefined;
  if (model.user || stage.user || !services.every(service => isFree(stack, service))) return undefined;
  if (needsRoot(stack, build, services)) return undefined;
  const user = userOf(build);
  const last = stage.instructions.findLast(each => /^(?:RUN|COPY|ADD|WORKDIR)$/.test(each.keyword));
  if (!user || !last) return undefined;
  const newline = source.text.indexOf("\n", last.at.span.end);
  const at = newline === -1 ? source.text.length : newline + 1;
  const eol = source.text.includes("\r\n") ? "\r\n" : "\n";
  // With a variable in it the directory is another one for each image that is built here.
  const written = stage.instructions.findLast(each => each.keyword === "WORKDIR");
  const named = written?.words.some(word => word.value.includes("$")) ? "." : workdir;
  const owned = [named, ...madeDirectories(build)];
  const lines = [
    `# An ordinary user, who may write to ${owned.length === 1 ? "the working directory" : "these directories"} only.`,
    `RUN ${[...user.create, `chown -R ${user.name}:${user.name} ${owned.join(" ")}`].join(" && ")}`,
    `USER ${user.name}`,
  ];
  const text = (newline === -1 ? eol : "") + lines.map(line => line + eol).join("");
  const names = [...new Set(services.map(service => service.name))];
  return {
    title: `Run ${names.join(", ")} as the user ${user.name}`,
    grade: "needs-testing",
    edits: [{ at: locate(source, at, at), text }],
    test: `Build and start ${names.join(", ")}, upload a file and run every job once: what is written outside of ${owned.join(" and ")} is refused now.`,
    ...ownership(stack, services, user.uid),
  };
}

/** No port and no right of the system's. */
function isFree(stack: Stack, service: Service): boolean {
  const port = servedPort(stack, service);
  const published = service.ports.map(each => each.target);
  if ([port, ...published].some(each => each !== undefined && each < 1024)) return false;
  return !service.get("cap_add") && service.text("privileged")?.text !== "true";
}

interface User {
  readonly name: string;
  readonly uid: number;
  readonly create: readonly string[];
}

function userOf({ model }: Build): User | undefined {
  if (model!.facts?.family === "node") return { name: "node", uid: 1000, create: [] };
  if (model!.facts?.kind !== "runtime") return undefined;
  switch (model!.facts.distribution) {
    case "debian":
    case "ubuntu":
      return { name: "app", uid: id, create: [`useradd --create-home --uid ${id} app`] };
    case "alpine":
      return { name: "app", uid: id, create: [`adduser -D -u ${id} app`] };
    default:
      return undefined;
  }
}

/** What a volume holds keeps the owner that wrote it. */
function ownership(stack: Stack, services: readonly Service[], uid: number): { afterwards?: string } {
  const said = services.flatMap(service => {
    const { files } = service.project;
    const usual = files.every(file => /(?:^|\/)(?:docker-)?compose(?:\.override)?\.ya?ml$/.test(file));
    const compose = ["docker compose", ...(usual ? [] : files.map(file => `-f ${file}`))].join(" ");
    const mounts = service.mounts.filter(
      mount => !mount.readOnly && mount.type !== "tmpfs" && !isCheckout(stack, mount),
    );
    const targets = mounts.map(mount => mount.target).join(" ");
    return targets === ""
      ? []
      : [
          `\`${compose} run --rm --no-deps --user root --entrypoint chown ${service.name} -R ${uid} ${targets}\``,
        ];
  });
  if (said.length === 0) return {};
  return {
    afterwards: `What is in volumes and mounted directories belongs to root: run ${[...new Set(said)].join(" and ")} once, before the first start.`,
  };
}

/** Files of the repository belong to whoever works there: reading them is enough. */
function isCheckout(stack: Stack, { repositoryPath }: Mount): boolean {
  return (
    repositoryPath !== undefined &&
    stack.files.paths.some(
      path => inside(repositoryPath, path) !== undefined && stack.files.tracked(path) !== false,
    )
  );
}
