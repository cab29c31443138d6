import { inside, join } from "../../core/path.ts";
import { allLocations } from "../../stack/proxy/effective.ts";
import { effectiveDirective, effectiveDirectives } from "../../stack/proxy/inherit.ts";
import { containerFile, evidence, weigh } from "../../stack/query.ts";
import { serverProxies, servicesBehind } from "../../stack/query-proxy.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/fastcgi-root",
  title: "PHP finds its scripts where the proxy says that they are",
  claim: "boots-healthy",
  severity: "critical",
  why: "PHP answers \"File not found.\" to every page, while both containers look healthy: the path is that of the program's container, not of nginx's.",
  *check(stack) {
    for (const proxy of serverProxies(stack)) {
      const { service, effective } = proxy;
      if (!service || effective.gaps.length > 0) continue;
      for (const location of effective.servers.flatMap(allLocations)) {
        if (location.proxyPass?.protocol !== "fastcgi") continue;
        const [target, ...more] = servicesBehind(proxy, location);
        const root = effectiveDirective(location, "root");
        const path = root?.args[0]?.value;
        const script = effectiveDirectives(location, "fastcgi_param").find(
          each => each.args[0]?.value === "SCRIPT_FILENAME",
        );
        const name = script?.args[1]?.value ?? "";
        if (!target || more.length > 0 || !root || !path?.startsWith("/") || path.includes("$")) continue;
        if (!/^\$\{?(?:document|realpath)_root\}?\/?\$\{?fastcgi_script_name\}?$/.test(name)) continue;
        const states = [path, join(path, "index.php")].map(each => stateOf(stack, target, each));
        if (states.includes("yes")) {
          yield { subject: service.name, kept: evidence(root.at, "the program has this directory") };
          continue;
        }
        if (states.some(has => has !== "no") || !target.model) continue;
        const copied = target.model.stage.copies.filter(copy => !copy.from).at(-1);
        yield {
          subject: `${service.name} to ${target.name}`,
          message: `The proxy "${service.name}" asks "${target.name}" for scripts below ${path}, which its image does not have.`,
          severity: weigh(service, "critical"),
          evidence: [
            evidence(root.at, `${path} is to be in the container of "${target.name}"`),
            ...(copied ? [evidence(copied.at, "this is where the code goes")] : []),
          ],
        };
        break;
      }
    }
  },
});

/** The official image has nothing but an empty /var/www/html: what no COPY and no step names there is absent. */
function stateOf(stack: Stack, service: Service, path: string): "yes" | "no" | "unknown" {
  const { has } = containerFile(stack, service, path);
  const { model, mounts } = service;
  if (has !== "unknown" || !model || model.base?.family !== "php") return has;
  if (!path.startsWith("/var/www/html/") || mounts.some(mount => inside(mount.target, path) !== undefined))
    return has;
  const steps = model.built.flatMap(({ stage }) => [
    ...stage.copies.map(copy => copy.destinationPath ?? "/var/www/html"),
    // Names of packages are no commands.
    ...stage.runs.map(run =>
      run.fragment.text.replace(/\b(?:apt(?:-get)? [^&;|]*install|apk [^&;|]*add)\b[^&;|]*/g, ""),
    ),
    ...stage.workdirs.map(each => each.value),
  ]);
  const brings = /\/var\/www\/html|\b(?:git|curl|wget|unzip|tar|cp|mv|ln|rsync|create-project)\s/;
  return steps.some(text => brings.test(text)) ? has : "no";
}
