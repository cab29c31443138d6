import { flagValue, flagValues, hasFlag, optional, readOptions, words } from "./commands-arguments.ts";
import type {
  Argument,
  CallContext,
  ComposeCall,
  DockerBuildCall,
  DockerCall,
  DockerExecCall,
  DockerRunCall,
} from "./commands-model.ts";

const globalDocker = words("-c --context -H --host -l --log-level --config --tlscacert --tlscert --tlskey");
const globalCompose = words(
  "-f --file -p --project-name --profile --env-file --project-directory --parallel --progress --ansi -c --context -H --host --log-level --tlscacert --tlscert --tlskey",
);
const buildValued = words(
  "-f --file -t --tag --target --build-arg --platform --cache-from --cache-to --label --secret --ssh --network -o --output --progress --iidfile --metadata-file --builder --build-context --add-host --shm-size --ulimit -m --memory --memory-swap --cpu-shares --cpuset-cpus --isolation --attest --allow --annotation --sbom --provenance --cgroup-parent --call --debug-shell",
);
const runValued = words(
  "-e --env --env-file -v --volume --mount -p --publish --name --network --net --network-alias -w --workdir -u --user --entrypoint -h --hostname -l --label --label-file --restart -m --memory --memory-swap --memory-reservation --cpus -c --cpu-shares --cpuset-cpus --add-host --cap-add --cap-drop --device --dns --dns-search --health-cmd --health-interval --health-retries --health-timeout --health-start-period --ip --ip6 --link --log-driver --log-opt --pid --pids-limit --platform --pull --security-opt --shm-size --stop-signal --stop-timeout --tmpfs --ulimit --userns --volumes-from --volume-driver --gpus --runtime --cidfile --group-add --ipc --isolation -a --attach --expose --sysctl --cgroupns --cgroup-parent --detach-keys --mac-address --oom-score-adj --uts --annotation --domainname --storage-opt",
);
const execValued = words("-e --env --env-file -u --user -w --workdir --detach-keys --index");
/** Of `docker run`, and refused by `docker compose run`: read with their values, so that the service is found. */
const ofDockerRun =
  "--network --net --network-alias --restart --memory --cpus --hostname --mount --env-file --add-host --platform --gpus";
/** What `docker compose run` refuses with "unknown flag". */
export const refusedByComposeRun = words(`${ofDockerRun} --privileged --init`);
/** Options with a value of `docker compose SUBCOMMAND`, beyond those of exec and run. */
const subcommandValued: Readonly<Record<string, ReadonlySet<string>>> = {
  up: words("--scale -t --timeout --wait-timeout --exit-code-from --attach --no-attach --pull"),
  create: words("--scale --pull"),
  run: words(
    `-e --env --env-from-file -l --label -p --publish -u --user -v --volume -w --workdir --name --entrypoint --cap-add --cap-drop --pull ${ofDockerRun}`,
  ),
  exec: execValued,
  logs: words("-n --tail --since --until --index"),
  down: words("--rmi -t --timeout"),
  build: words("--build-arg -m --memory --ssh --builder --progress"),
  stop: words("-t --timeout"),
  restart: words("-t --timeout"),
  kill: words("-s --signal"),
  ps: words("--filter --format --status"),
  config: words("--format -o --output --hash --lock-image-digests"),
  pull: words("--policy"),
  port: words("--protocol --index"),
  cp: words("--index"),
};
const groups = words(
  "volume network system image container builder buildx compose stack swarm service node secret config context manifest plugin trust",
);
const verbValued = words(
  "--filter -f --format -t --time --timeout -s --signal -n --tail --since --until -u --username -p --password -c --compose-file -o --output -i --input -d --driver --opt --label --subnet --gateway --name --restart",
);

export interface Inner {
  /** The words that run inside. */
  readonly command: readonly Argument[];
  readonly kind: "service" | "container" | "image";
  readonly name: Argument | undefined;
}

export function composeCall(
  context: CallContext,
  name: string,
  args: readonly Argument[],
  legacy: boolean,
): [ComposeCall, Inner?] {
  const before = readOptions(args, globalCompose, true);
  const [first, ...after] = before.operands;
  const subcommand = first?.value;
  const nests = subcommand === "exec" || subcommand === "run";
  const { flags, operands } = readOptions(after, subcommandValued[subcommand ?? ""] ?? words(""), nests);
  const global = before.flags;
  const call: ComposeCall = {
    ...context,
    kind: "compose",
    name,
    args,
    legacy,
    files: flagValues(global, "-f", "--file"),
    profiles: flagValues(global, "--profile"),
    envFiles: flagValues(global, "--env-file"),
    ...optional("project", flagValue(global, "-p", "--project-name")),
    ...optional("projectDirectory", flagValue(global, "--project-directory")),
    subcommand,
    flags,
    services: servicesOf(subcommand, operands),
    detach: hasFlag(flags, "-d", "--detach"),
    build: hasFlag(flags, "--build") || subcommand === "build",
    removeOrphans: hasFlag(flags, "--remove-orphans"),
    volumes: (subcommand === "down" || subcommand === "rm") && hasFlag(flags, "-v", "--volumes"),
    noDeps: hasFlag(flags, "--no-deps"),
    wait: hasFlag(flags, "--wait"),
    forceRecreate: hasFlag(flags, "--force-recreate"),
    ...(nests
      ? {
          exec: {
            tty: !hasFlag(flags, "-T", "--no-TTY", "--no-tty"),
            ...optional("user", flagValue(flags, "-u", "--user")),
            command: operands.slice(1),
          },
        }
      : {}),
  };
  return nests ? [call, { command: operands.slice(1), kind: "service", name: operands[0] }] : [call];
}

const namesServices = words(
  "up build exec run restart logs pull push stop start rm create kill pause unpause ps top images port wait watch attach events config",
);

function servicesOf(subcommand: string | undefined, operands: readonly Argument[]): Argument[] {
  if (subcommand === "scale") return operands.map(arg => ({ ...arg, value: arg.value?.replace(/=.*/, "") }));
  if (subcommand === undefined || !namesServices.has(subcommand)) return [];
  return subcommand === "exec" || subcommand === "run" || subcommand === "port" || subcommand === "attach"
    ? operands.slice(0, 1)
    : [...operands];
}

export type AnyDockerCall = ComposeCall | DockerBuildCall | DockerRunCall | DockerExecCall | DockerCall;

export function dockerCall(
  context: CallContext,
  name: string,
  args: readonly Argument[],
): [AnyDockerCall, Inner?] {
  const { operands } = readOptions(args, globalDocker, true);
  const [first, ...after] = operands;
  const verb = first?.value ?? "";
  if (verb === "compose") return composeCall(context, name, after, false);
  const second = after[0]?.value ?? "";
  if (verb === "build") return [buildCall(context, name, args, after)];
  if ((verb === "buildx" || verb === "image" || verb === "builder") && second === "build")
    return [buildCall(context, name, args, after.slice(1))];
  if (verb === "run" || verb === "create") return runCall(context, name, args, after);
  if (verb === "exec") return execCall(context, name, args, after);
  if (verb === "container" && (second === "run" || second === "create"))
    return runCall(context, name, args, after.slice(1));
  if (verb === "container" && second === "exec") return execCall(context, name, args, after.slice(1));
  const grouped = groups.has(verb) && second !== "";
  const read = readOptions(grouped ? after.slice(1) : after, valuedFor(verb, second));
  return [
    {
      ...context,
      kind: "docker",
      name,
      args,
      verb: grouped ? `${verb} ${second}` : verb,
      flags: read.flags,
      operands: read.operands,
    },
  ];
}

/** `-f` is a flag for rm and prune, and takes a value elsewhere. */
function valuedFor(verb: string, second: string): ReadonlySet<string> {
  const action = groups.has(verb) ? second : verb;
  if (action === "prune") return words("--filter");
  if (action === "rm" || action === "rmi") return words("");
  if (action === "logs") return words("-n --tail --since --until");
  if (action === "cp" || action === "push" || action === "pull" || action === "tag")
    return words("--platform");
  return verbValued;
}

function buildCall(
  context: CallContext,
  name: string,
  args: readonly Argument[],
  own: readonly Argument[],
): DockerBuildCall {
  const { flags, operands } = readOptions(own, buildValued);
  return {
    ...context,
    kind: "docker-build",
    name,
    args,
    context: operands[0],
    ...optional("file", flagValue(flags, "-f", "--file")),
    ...optional("target", flagValue(flags, "--target")),
    buildArgs: flagValues(flags, "--build-arg"),
    tags: flagValues(flags, "-t", "--tag"),
    platforms: flagValues(flags, "--platform"),
    push: hasFlag(flags, "--push"),
    noCache: hasFlag(flags, "--no-cache"),
    flags,
  };
}

function runCall(
  context: CallContext,
  name: string,
  args: readonly Argument[],
  own: readonly Argument[],
): [DockerRunCall, Inner] {
  const { flags, operands } = readOptions(own, runValued, true);
  const [image, ...runCommand] = operands;
  const entrypoint = flagValue(flags, "--entrypoint");
  const call: DockerRunCall = {
    ...context,
    kind: "docker-run",
    name,
    args,
    image,
    ...optional("containerName", flagValue(flags, "--name")),
    networks: flagValues(flags, "--network", "--net"),
    volumes: flagValues(flags, "-v", "--volume", "--mount"),
    publishes: flagValues(flags, "-p", "--publish"),
    envs: flagValues(flags, "-e", "--env"),
    envFiles: flagValues(flags, "--env-file"),
    detach: hasFlag(flags, "-d", "--detach"),
    remove: hasFlag(flags, "--rm"),
    flags,
    runCommand,
  };
  return [
    call,
    { command: entrypoint ? [entrypoint, ...runCommand] : runCommand, kind: "image", name: image },
  ];
}

function execCall(
  context: CallContext,
  name: string,
  args: readonly Argument[],
  own: readonly Argument[],
): [DockerExecCall, Inner] {
  const { flags, operands } = readOptions(own, execValued, true);
  const [container, ...execCommand] = operands;
  const call: DockerExecCall = {
    ...context,
    kind: "docker-exec",
    name,
    args,
    container,
    interactive: hasFlag(flags, "-i", "--interactive"),
    tty: hasFlag(flags, "-t", "--tty"),
    ...optional("user", flagValue(flags, "-u", "--user")),
    flags,
    execCommand,
  };
  return [call, { command: execCommand, kind: "container", name: container }];
}
