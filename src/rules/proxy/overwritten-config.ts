import type { FileWrite } from "../../artifacts/commands.ts";
import { nginxModel } from "../../artifacts/nginx-model.ts";
import type { Evidence } from "../../core/finding.ts";
import { sourceOf } from "../../core/project-files.ts";
import { type NginxDirective, parseNginx } from "../../formats/nginx.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import { repositoryPathOf } from "../../stack/query-certificates.ts";
import { isWorkstationCall } from "../../stack/query-scripts.ts";
import type { PlacedCall, ProxyInstance, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const protective =
  /^(?:strict-transport-security|content-security-policy|x-frame-options|x-content-type-options|referrer-policy|permissions-policy)$/i;

export default defineRule({
  id: "proxy/overwritten-config",
  title: "What the proxy runs with is what the repository shows",
  claim: "encrypts-traffic",
  severity: "high",
  why: "The deploy script puts a weaker configuration over the reviewed one: the protection in git never reaches production, and the next pull conflicts.",
  *check(stack) {
    const seen = new Set<string>();
    for (const placed of stack.calls)
      for (const write of placed.call.writes) {
        const target = overwritten(stack, placed, write);
        if (!target || seen.has(`${placed.caller.file} ${target.file}`)) continue;
        seen.add(`${placed.caller.file} ${target.file}`);
        const lost = lostParts(target.before, target.after);
        if (lost.length === 0) continue;
        const names = [...new Set(lost.map(each => each.name))];
        yield {
          subject: `${placed.caller.file} to ${target.file}`,
          message: `${placed.caller.file} writes over ${target.file}, which is in git, and leaves out ${listNames(names)}.`,
          severity: target.proxy.service ? weigh(target.proxy.service, "high") : "medium",
          evidence: [
            evidence(write.path.at, `writes ${target.file} anew`),
            ...lost.map(({ name, at }): Evidence => evidence(at, `"${name}" is in the file that git has`)),
          ],
        };
      }
  },
});

/** The tracked nginx file that a heredoc replaces, and both texts. */
function overwritten(stack: Stack, placed: PlacedCall, write: FileWrite) {
  const { call } = placed;
  if (write.append || !write.heredoc || call.remote || call.inside || isWorkstationCall(placed))
    return undefined;
  const file = repositoryPathOf(call.cwd, write.path.value);
  const source = file === undefined ? undefined : sourceOf(stack, file);
  const proxy = stack.proxies.find((each: ProxyInstance) => file !== undefined && each.files.includes(file));
  if (file === undefined || !source || !proxy) return undefined;
  const before = parseNginx(source).model.directives;
  const after = parseNginx(write.heredoc.body).model.directives;
  // A text put together from pieces, or one that is no configuration, cannot be compared.
  return nginxModel(after).servers.length > 0 ? { file, proxy, before, after } : undefined;
}

interface Part {
  readonly name: string;
  readonly at: NginxDirective["at"];
}

function lostParts(before: readonly NginxDirective[], after: readonly NginxDirective[]): Part[] {
  const kept = new Set(partsOf(after).map(part => part.name.toLowerCase()));
  const lost = new Map<string, Part>();
  for (const part of partsOf(before)) {
    const key = part.name.toLowerCase();
    if (!kept.has(key) && !lost.has(key)) lost.set(key, part);
  }
  return [...lost.values()];
}

/** What protects: headers, rate limits, closed locations, a TLS listener. */
function partsOf(directives: readonly NginxDirective[]): Part[] {
  return directives.flatMap(({ name, args, at, block }) => {
    const first = args[0]?.value ?? "";
    const own = ((): string | undefined => {
      if (name.value === "add_header" && protective.test(first)) return first;
      if (name.value === "limit_req" || name.value === "limit_conn") return name.value;
      if (name.value === "auth_basic" && first !== "off") return "auth_basic";
      if (name.value === "listen" && args.some(arg => arg.value === "ssl")) return "listen ssl";
      if (
        name.value === "location" &&
        block?.some(inner => inner.name.value === "deny" && inner.args[0]?.value === "all")
      )
        return `location ${args.map(arg => arg.value).join(" ")}`;
      return undefined;
    })();
    return [...(own ? [{ name: own, at }] : []), ...partsOf(block ?? [])];
  });
}
