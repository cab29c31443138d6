import { stageChain } from "../../artifacts/dockerfile.ts";
import { inside } from "../../core/path.ts";
import type { Location } from "../../core/source.ts";
import { edgeProxies, evidence, publicPorts, weigh } from "../../stack/query.ts";
import type { Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/packaged-site",
  title: "Visitors get the site of the front door, not the page of its package",
  claim: "boots-healthy",
  severity: "critical",
  why: "Debian's package brings a site of its own that answers to every name which no other site has: visitors read “Welcome to nginx!”, and a second default server keeps nginx from starting.",
  *check(stack) {
    for (const { service, effective } of edgeProxies(stack)) {
      if (!service || service.project.grade === "development" || effective.gaps.length > 0) continue;
      if (!publicPorts(service).some(port => port.target === 80)) continue;
      const package_ = packagedAt(service);
      if (!package_) continue;
      const plain = effective.servers.filter(each => each.listens.some(({ port }) => port === 80));
      const [server] = plain;
      if (!server || plain.some(each => each.names.some(({ value }) => !nobody.test(value)))) continue;
      const second = plain.flatMap(each => each.listens).find(each => each.port === 80 && each.default);
      yield {
        subject: service.name,
        message: second
          ? `nginx in "${service.name}" does not start: its site and the one that Debian's package brings are both the default server of port 80.`
          : `"${service.name}" answers with the page of Debian's package: the site of this repository is for ${server.names[0] ? `"${server.names[0].value}"` : "no name"} only, and the package's site is the default for all others.`,
        severity: weigh(service, "critical"),
        confidence: "likely",
        evidence: [
          evidence(
            second?.at ?? server.names[0]?.at ?? server.at,
            second ? "a second default server" : "no visitor asks for this name",
          ),
          evidence(package_, "brings /etc/nginx/sites-enabled/default, which stays"),
        ],
      };
    }
  },
});

/** Names that visitors from outside never ask for. */
const nobody = /^(?:localhost|_|""|''|127\.0\.0\.1|)$/;

/** Where Debian's package is installed, whose site nothing removes and nothing replaces. */
function packagedAt(service: Service): Location | undefined {
  const { build } = service;
  if (!build?.dockerfile || !build.stage) return undefined;
  const chain = stageChain(build.dockerfile, build.stage);
  const runs = chain.flatMap(stage => stage.runs);
  const install = runs.find(run =>
    /\bapt(?:-get)?\s[^\n;&|]*\binstall\b[^;&|]*\snginx(?=[\s;&|]|$)/.test(run.fragment.text),
  );
  if (!install) return undefined;
  const touched = runs.some(run =>
    /sites-(?:enabled|available)|\/etc\/nginx\/nginx\.conf|\/etc\/nginx\/?(?=[\s;&|*]|$)|nginx\.org|ppa:/.test(
      run.fragment.text,
    ),
  );
  const replaced = [
    ...chain.flatMap(stage => stage.copies.map(copy => copy.absoluteDestination)),
    ...service.mounts.map(mount => mount.target),
  ].some(
    path =>
      path !== undefined &&
      (covers(path, "/etc/nginx/nginx.conf") ||
        covers(path, "/etc/nginx/sites-enabled/default") ||
        /\/sites-(?:enabled|available)/.test(path)),
  );
  const started = service.process?.text ?? "";
  return touched || replaced || /sites-|\s-c\s/.test(started) ? undefined : install.at;
}

function covers(target: string, path: string): boolean {
  return inside(target.replace(/(.)\/+$/, "$1"), path) !== undefined;
}
