import type { Evidence, Violation } from "../../core/finding.ts";
import { basename, inside } from "../../core/path.ts";
import { withoutMounts } from "../../remedies/mounts.ts";
import { containerFile, evidence, listNames, serverServices, weigh } from "../../stack/query.ts";
import { workingDirectory } from "../../stack/query-import.ts";
import { oncePerPlace, packageScript } from "../../stack/query-process.ts";
import type { Mount, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/bind-hides-image",
  title: "A deployed service runs the code of its image",
  claim: "builds-reproducibly",
  severity: "medium",
  why: "The service runs whatever the server's checkout holds, so the image that was built and tested is not what is deployed, and going back to an older image changes nothing.",
  *check(stack) {
    for (const project of stack.projects) {
      const hidden: Hidden[] = [];
      for (const service of serverServices(stack).filter(each => each.project === project)) {
        for (const mount of service.mounts) {
          const copied = hiddenCopy(service, mount);
          if (!copied) continue;
          const lost = lostNeed(stack, service, mount);
          if (!lost) hidden.push({ service, mount, copied });
          else
            yield violation(
              stack,
              [{ service, mount, copied }],
              `and with it ${lost}, so it does not start`,
              "critical",
            );
        }
      }
      if (hidden.length > 0)
        yield violation(stack, hidden, "so the server's checkout runs instead of what was built", "medium");
    }
  },
});

interface Hidden {
  readonly service: Service;
  readonly mount: Mount;
  readonly copied: Evidence;
}

function violation(
  stack: Stack,
  hidden: readonly Hidden[],
  effect: string,
  severity: "critical" | "medium",
): Violation {
  const names = listNames([...new Set(hidden.map(each => each.service.name))]);
  const { service } = hidden[0]!;
  const what =
    hidden.length === 1
      ? `${hidden[0]!.mount.source} over ${hidden[0]!.mount.target}`
      : "source code over their images'";
  const hides = hidden.length === 1 ? "hides what the image has there" : "hide what was built";
  const first = oncePerPlace();
  return {
    subject: severity === "critical" ? service.name : service.project.name,
    message: `${names} ${hidden.length === 1 ? "mounts" : "mount"} ${what} and ${hides}, ${effect}.`,
    severity: weigh(service, severity),
    confidence: severity === "critical" ? "likely" : "certain",
    evidence: [
      ...hidden.map(each => evidence(each.mount.sourceAt, `hides ${each.mount.target} of the image`)),
      ...hidden.map(each => each.copied).filter(each => first(each.at)),
    ] as [Evidence],
    // Sources of the checkout are a reason to doubt that a server runs it: somebody may work with them.
    ...(service.project.grade === "presumed" ? {} : { fix: () => withoutMounts(stack, hidden) }),
  };
}

/** What the image has below the mount's target that people wrote or built; undefined when it hides nothing of it. */
function hiddenCopy(service: Service, mount: Mount): Evidence | undefined {
  const { build, model } = service;
  if (mount.type !== "bind" || mount.exists !== "directory" || !build || !model) return undefined;
  if (service.kind !== "app" || content.test(basename(mount.target))) return undefined;
  const copy = model.stage.copies.findLast(step => {
    const target = step.absoluteDestination?.replace(/(.)\/+$/, "$1");
    return (
      target !== undefined &&
      inside(mount.target, target) !== undefined &&
      isCode(step.sources.map(each => each.value))
    );
  });
  return copy && evidence(copy.at, "the image has it from here");
}

/** Directories of data, not of code. */
const content =
  /^(media|static|staticfiles|uploads?|data|logs?|storage|files|assets|images|tmp|cache|backups?|certs?|config|conf)$/i;

/** A whole directory; single files such as an entry script or a list of dependencies are not the program. */
function isCode(sources: readonly string[]): boolean {
  return sources.some(
    source => !/\.\w+$/.test(basename(source.replace(/\/+$/, ""))) || source === "." || source.endsWith("/"),
  );
}

/** What the command needs and the mounted directory surely lacks. */
function lostNeed(stack: Stack, service: Service, mount: Mount): string | undefined {
  const workdir = workingDirectory(service);
  const words = service.process?.argv.map(word => word.value) ?? [];
  if (!workdir || inside(mount.target, workdir) === undefined) return undefined;
  const lacks = (path: string) => containerFile(stack, service, `${workdir}/${path}`).has === "no";
  const program = basename(words[0] ?? "");
  const scripted = packageScript(words) !== undefined || program === "next";
  if (scripted && lacks("package.json")) return "package.json";
  // node_modules are never committed: only an anonymous or named volume keeps those of the image.
  const covered = service.mounts.some(other => other !== mount && other.target === `${workdir}/node_modules`);
  const installed = service.model?.file(`${workdir}/node_modules`).has !== "no";
  const needsModules =
    scripted && installed && !covered && service.model?.packages.some(each => each.manager !== "pip");
  // What installs for the tests runs on a workstation.
  const onHost = stack.calls.some(
    ({ call, caller }) =>
      call.name === "npm" &&
      caller.kind !== "workflow" &&
      !/(?:^|[/._-])tests?(?:[/._-]|$)/.test(caller.file),
  );
  return needsModules && !onHost && lacks("node_modules") ? "node_modules" : undefined;
}
