import type { Call, FileCall } from "../../artifacts/commands.ts";
import type { Evidence } from "../../core/finding.ts";
import { inside, join } from "../../core/path.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import type { Mount, PlacedCall, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "scripts/ownership",
  title: "Scripts leave a container's directories to the user that writes there",
  claim: "data-survives-redeploy",
  severity: "medium",
  why: "After the script has run the container may no longer write: logs end, uploads fail, and the process may not start.",
  *check(stack) {
    for (const service of serverServices(stack)) {
      const user = fixedUser(service);
      if (!user || service.text("user")) continue;
      for (const mount of service.mounts) {
        const place = mount.readOnly ? undefined : hostPlace(service, mount);
        const taken = place && stack.calls.find(placed => takes(placed, place.path, user.uid));
        if (!taken || isGivenBack(stack, taken, place.path)) continue;
        const { call } = taken as PlacedCall & { call: FileCall };
        yield {
          subject: `${service.name} ${mount.target}`,
          message: `${taken.caller.file} gives ${place.path} to ${call.operands[0]!.word.text.replace(/:.*$/, "")}, but service "${service.name}" writes there as user ${user.uid}: it is refused from then on.`,
          evidence: [
            evidence(call.at, "changes the owner of everything below"),
            place.shown,
            evidence(mount.at, `mounted at ${mount.target}`),
            evidence(user.at, `runs as ${user.uid}`),
          ].filter((each, i, all) => all.findIndex(other => other.at === each.at) === i) as [Evidence],
          severity: weigh(service, "medium"),
          confidence: "likely",
        };
      }
    }
  },
});

/** The number of the user that the image's own Dockerfile fixes. 1000 is also the first user of most servers. */
function fixedUser({ model }: Service) {
  const named = model?.user;
  if (!model || !named || model.runsAsRoot !== false) return undefined;
  const name = named.value.split(":")[0]!;
  const uid = /^\d+$/.test(name)
    ? name
    : createdAs(
        model.built.flatMap(each => each.stage.runs.map(run => run.fragment.text)),
        name,
      );
  return uid === undefined || uid === "1000" || uid === "0" ? undefined : { uid, at: named.at };
}

/** `adduser -S app -u 1001`, `useradd --uid 1001 app`. */
function createdAs(texts: readonly string[], name: string): string | undefined {
  for (const text of texts)
    for (const line of text.split(/&&|;|\n/)) {
      if (!/\b(?:adduser|useradd)\b/.test(line) || !line.split(/\s+/).includes(name)) continue;
      const uid = /\s(?:-u|--uid)[\s=]+(\d+)\b/.exec(line)?.[1];
      if (uid !== undefined) return uid;
    }
  return undefined;
}

/** Where a mount's files lie on the host: its own path, or the device of a volume that is one. */
function hostPlace({ project }: Service, mount: Mount): { path: string; shown: Evidence } | undefined {
  if (mount.type === "bind") {
    const path = mount.repositoryPath ?? mount.source;
    return path ? { path, shown: evidence(mount.at, `mounted at ${mount.target}`) } : undefined;
  }
  const volume = project.volumes.find(each => each.name === mount.source);
  const device = mount.type === "volume" ? volume?.device : undefined;
  return device?.value.startsWith("/")
    ? { path: device.value, shown: evidence(device.at, "the volume is this directory") }
    : undefined;
}

/** `chown -R` of the directory, or of one above it, to somebody who surely is not that user. */
function takes({ call }: PlacedCall, path: string, uid: string): boolean {
  if (!isChown(call) || !isRecursive(call)) return false;
  const [owner, ...targets] = call.operands;
  const name = owner?.value?.split(":")[0];
  const person =
    name === undefined &&
    /^"?\$(?:\{?(?:USER|SUDO_USER|LOGNAME|UID)\}?|\(whoami\)|\(id -u\))/.test(owner?.word.text ?? "");
  if (
    !person &&
    (name === undefined ||
      name === "" ||
      name === uid ||
      !/^(?:\d+|root|ubuntu|debian|admin|deploy|ec2-user)$/.test(name))
  )
    return false;
  return targets.some(target => covers(call, target.value, path));
}

function isChown(call: Call): call is FileCall {
  return call.kind === "file" && call.name === "chown" && !call.inside && call.command.connector !== "||";
}

function isRecursive(call: FileCall): boolean {
  return call.flags.some(flag => flag.name === "-R" || flag.name === "--recursive");
}

function covers(call: Call, target: string | undefined, path: string): boolean {
  if (target === undefined || target === "/") return false;
  const place = target.startsWith("/") ? target : join(call.cwd ?? "", target);
  return place !== "" && inside(place.replace(/\/+$/, ""), path) !== undefined;
}

/** The same file gives the directory away again, or lets everybody write. */
function isGivenBack(stack: Stack, taken: PlacedCall, path: string): boolean {
  return stack.calls.some(
    ({ call, caller }) =>
      caller.file === taken.caller.file &&
      call.at.span.start > taken.call.at.span.start &&
      call.kind === "file" &&
      (call.name === "chown" || call.name === "chmod") &&
      call.operands.slice(1).some(target => target.value === undefined || covers(call, target.value, path)),
  );
}
