import type { Fix } from "../../core/fix.ts";
import { joinFixes } from "../../core/join-fixes.ts";
import { runAsOrdinaryUser } from "../../remedies/ordinary-user.ts";
import { evidence, gradeOf, listNames, serverServices, weigh } from "../../stack/query.ts";
import { mayDrop } from "../../stack/query-drop.ts";
import { shownEnvFile } from "../../stack/query-env-examples.ts";
import type { Interpolated } from "../../stack/resolve/interpolate.ts";
import type { Build, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "access/non-root",
  title: "Application containers run as an ordinary user",
  claim: "runs-unprivileged",
  severity: "medium",
  why: "Whoever takes over a process that is root in its container can change every file there and is one kernel or mount mistake away from being root on the server.",
  *check(stack) {
    const causes = new Map<string, Part[]>();
    for (const service of serverServices(stack)) {
      const build = service.build ?? service.made;
      if (!build?.stage || !build.model || service.kind !== "app") continue;
      const user = service.user?.text?.split(":")[0];
      if (service.user && ((user !== "root" && user !== "0") || isGiven(stack, service.user))) continue;
      // That it has all rights is told by itself, and whoever holds the engine's socket has them as any user.
      if (service.text("privileged")?.text === "true" || holdsEngine(service)) continue;
      if (!service.user && build.model.runsAsRoot === false) {
        const at = build.model.user?.at;
        if (at) yield { subject: service.name, kept: evidence(at, "runs as an ordinary user") };
        continue;
      }
      if ((!service.user && build.model.runsAsRoot !== true) || mayDrop(stack, service)) continue;
      const cause = service.user
        ? `${service.user.at.file}:${service.user.at.span.start}`
        : build.model.user
          ? `${build.dockerfilePath}#${build.stage.index}`
          : weigh(gradeOf(service), "medium");
      const parts = causes.get(cause) ?? [];
      causes.set(cause, parts);
      const same = parts.find(part => part.build.stage === build.stage);
      if (same) same.services.push(service);
      else parts.push({ build, services: [service] });
    }
    for (const parts of causes.values()) {
      const services = parts.flatMap(part => part.services);
      const [first] = services as [Service, ...Service[]];
      const { build } = parts[0]!;
      const set = first.user ?? build.model!.user;
      const names = [...new Set(services.map(service => service.name))];
      const grade = services.some(service => gradeOf(service) === "deployed") ? "deployed" : gradeOf(first);
      yield {
        subject: build.dockerfilePath ?? first.name,
        message: `${names.length === 1 ? `Service ${listNames(names)} runs` : `Services ${listNames(names)} run`} as root: ${set ? "the user is set so" : "no USER is set in the image's last stage"}.`,
        evidence: [
          evidence(set?.at ?? build.stage!.from.at, set ? "runs as root" : "no USER in this stage"),
          ...(set ? [] : parts.slice(1)).map(part =>
            evidence(part.build.stage!.from.at, "no USER in this stage"),
          ),
        ],
        severity: weigh(grade, "medium"),
        fix: () =>
          set ? undefined : joinFixes(parts.map(part => ({ fix: () => userFix(stack, part, parts) }))),
      };
    }
  },
});

function holdsEngine({ mounts }: Service): boolean {
  return mounts.some(({ source }) => /\/(?:docker|podman|containerd)\.sock$/.test(source ?? ""));
}

/** None where a Dockerfile has several stages that run as root, and where the image is pulled. */
function userFix(stack: Stack, { build, services }: Part, all: readonly Part[]): Fix | undefined {
  const isOnly = all.filter(part => part.build.dockerfilePath === build.dockerfilePath).length === 1;
  // The engine's socket belongs to root: whoever holds it in another container of this image needs that user.
  const shared = stack.services.some(
    each => (each.build ?? each.made)?.stage === build.stage && holdsEngine(each),
  );
  return isOnly && !shared && services[0]!.build ? runAsOrdinaryUser(stack, build, services) : undefined;
}

/** One stage of a Dockerfile, and who runs it. */
interface Part {
  readonly build: Build;
  readonly services: Service[];
}

/** `${UID:-0}`, where the example of `.env` gives another one. */
function isGiven(stack: Stack, { raw }: Interpolated): boolean {
  const name = /^\$\{(\w+):?-/.exec(raw)?.[1];
  const said = shownEnvFile(stack, ".env")?.entries.find(entry => entry.name.value === name);
  return name !== undefined && said !== undefined && !/^(?:0|root|)$/.test(said.value.value);
}
