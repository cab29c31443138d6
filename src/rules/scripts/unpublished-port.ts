import type { HttpCall } from "../../artifacts/commands.ts";
import { basename } from "../../core/path.ts";
import type { Location } from "../../core/source.ts";
import { evidence } from "../../stack/query.ts";
import { callerName, isWorkstationCall, projectsOfCall } from "../../stack/query-scripts.ts";
import type { PlacedCall, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const watching =
  /(^|[^a-z])(monitor\w*|health\w*|smoke|status|check\w*|verify|deploy\w*|watch\w*|prod\w*|ops|uptime)([^a-z]|$)/i;

export default defineRule({
  id: "scripts/unpublished-port",
  title: "Checks from the host ask a port that is published",
  claim: "failure-is-noticed",
  severity: "medium",
  why: "A check that can never succeed reports a failure on every run; soon nobody looks, and a real failure goes unseen.",
  *check(stack) {
    const deployed = stack.services.filter(service => service.project.grade === "deployed");
    if (deployed.length === 0 || deployed.some(isOpenEnded)) return;
    const published = new Set(deployed.flatMap(service => service.ports.map(port => port.published)));
    const seen = new Set<string>();
    for (const placed of stack.calls) {
      if (placed.call.kind !== "http" || placed.call.inside || !isAboutServer(placed)) continue;
      for (const { port, at } of hostPorts(placed.call)) {
        const key = `${placed.caller.file} ${port}`;
        if (published.has(port) || seen.has(key) || isStarted(stack, port, placed.caller.file)) continue;
        const listener = deployed.find(service => listensOn(stack, service, port));
        if (!listener) continue;
        seen.add(key);
        yield {
          subject: `${placed.caller.file}: ${port}`,
          message: `${callerName(placed)} asks port ${port} of the host, but service "${listener.name}" serves it inside the Compose network only.`,
          evidence: [
            evidence(at, `asks port ${port} of the host`),
            evidence(listener.ports[0]?.at ?? listener.at, `does not publish port ${port}`),
          ],
          severity: placed.deploys ? "medium" : "low",
        };
      }
    }
  },
});

/** Ports that nothing in the repository tells, or the host's own network. */
function isOpenEnded(service: Service): boolean {
  return (
    service.networkMode !== undefined ||
    service.ports.some(port => port.published === undefined || /-/.test(port.raw))
  );
}

function isAboutServer(placed: PlacedCall): boolean {
  if (isWorkstationCall(placed)) return false;
  if (placed.caller.kind === "workflow") return placed.deploys && placed.call.remote;
  return placed.deploys || watching.test(`${basename(placed.caller.file)} ${placed.caller.name ?? ""}`);
}

function hostPorts(call: HttpCall): { port: number; at: Location }[] {
  return call.urls.flatMap(url => {
    const match = /^(?:https?:\/\/)?(?:localhost|127\.0\.0\.1)(?::(\d+))(?:[/?#]|$)/.exec(url.value ?? "");
    return match && !url.assumed ? [{ port: Number(match[1]), at: url.at }] : [];
  });
}

/** Something else serves the port: what the script starts, `docker run -p`, a tunnel. */
function isStarted(stack: Stack, port: number, file: string): boolean {
  return stack.calls.some(placed => {
    const { call, caller } = placed;
    // The script may start another Compose file than the one that is deployed.
    if (call.kind === "compose" && caller.file === file)
      return projectsOfCall(stack, { ...placed, call }).some(project =>
        project.services.some(service => service.ports.some(each => each.published === port)),
      );
    if (call.kind === "docker-run")
      return call.publishes.some(arg => arg.value === undefined || arg.value.includes(`${port}:`));
    if (call.kind === "ssh" || call.name === "kubectl")
      return call.args.some(arg => arg.word.text.includes(`${port}:`));
    return caller.file === file && call.kind === "program" && call.runs === "application";
  });
}

/** Its container answers on the port: the health check asks it there, or it is exposed or mapped to another port. */
function listensOn(stack: Stack, service: Service, port: number): boolean {
  if (service.ports.some(each => each.target === port)) return true;
  const expose = service.get("expose");
  if (
    expose?.kind === "seq" &&
    expose.items.some(item => item.kind === "scalar" && String(item.value) === String(port))
  )
    return true;
  const check = service.healthcheck?.command?.text ?? "";
  if (new RegExp(`(localhost|127\\.0\\.0\\.1):${port}(?!\\d)`).test(check)) return true;
  return stack.services.some(
    other =>
      other.project.grade === "development" &&
      other.name === service.name &&
      other.ports.some(each => each.published === port && each.target === port),
  );
}
