import type { NginxLocation } from "../../artifacts/nginx-model.ts";
import type { Evidence } from "../../core/finding.ts";
import { allLocations } from "../../stack/proxy/effective.ts";
import { effectiveDirective } from "../../stack/proxy/inherit.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import { proxyGrade, proxyName, proxyTitle, serverProxies } from "../../stack/query-proxy.ts";
import { defineRule } from "../rule.ts";

/** Directories that a program fills with what its users send; what a build makes is public anyway. */
const uploads =
  /(?:^|[/_-])(?:media|uploads?|uploaded|storage|attachments?|documents?|invoices?|receipts?|avatars?|user[-_]?files?|private)(?:[/_-]|$)/i;
const guards = ["auth_basic", "auth_request", "deny", "secure_link", "ssl_verify_client", "auth_jwt"];

export default defineRule({
  id: "proxy/directory-listing",
  title: "Visitors cannot list the files that users send",
  claim: "exposes-only-the-front-door",
  severity: "medium",
  why: "Whoever opens the directory in a browser gets the names of all files in it, and with them every file: names that nobody can guess protect nothing any more.",
  *check(stack) {
    const seen = new Set<string>();
    for (const proxy of serverProxies(stack)) {
      const places = new Map<string, { path: string; listing: Evidence["at"]; at: Evidence["at"] }>();
      for (const location of proxy.effective.servers.flatMap(allLocations)) {
        const listing = effectiveDirective(location, "autoindex");
        const directory = directoryOf(location);
        if (directory === undefined || !uploads.test(`${location.path.value} ${directory}`)) continue;
        if (listing?.args[0]?.value !== "on") {
          yield { subject: proxyName(proxy), kept: evidence(location.path.at, "no list of its files") };
          continue;
        }
        const key = `${location.path.at.file}:${location.path.at.span.start}`;
        if (isGuarded(location) || seen.has(key)) continue;
        seen.add(key);
        places.set(key, { path: location.path.value, listing: listing.at, at: location.path.at });
      }
      const all = [...places.values()];
      const [first, ...more] = unique(all.map(each => each.listing)).map(at =>
        evidence(at, "lists the files"),
      );
      if (!first) continue;
      yield {
        subject: proxyName(proxy),
        message: `${proxyTitle(proxy)} shows every visitor the list of the files below ${listNames(all.map(each => each.path))}.`,
        severity: weigh(proxyGrade(proxy), "medium"),
        evidence: [first, ...more, ...all.map(({ at }) => evidence(at, "files that users send"))],
        fix: () => ({
          title: "Do not list the files",
          grade: "needs-testing",
          edits: unique(all.map(each => each.listing)).map(at => ({ at, text: "autoindex off;" })),
          test: "Open the address of the directory, which must answer 403, and that of a file in it.",
        }),
      };
    }
  },
});

/** Where the files lie; undefined for what another program answers. */
function directoryOf(location: NginxLocation): string | undefined {
  if (location.proxyPass || location.directives.some(({ name }) => /_pass$|^internal$/.test(name.value)))
    return undefined;
  const directory =
    location.directives.find(({ name }) => name.value === "alias") ?? effectiveDirective(location, "root");
  return directory?.args[0]?.value;
}

function isGuarded(location: NginxLocation): boolean {
  return guards.some(name => {
    const directive = effectiveDirective(location, name);
    return directive !== undefined && directive.args[0]?.value !== "off";
  });
}

function unique(all: readonly Evidence["at"][]): Evidence["at"][] {
  return [...new Map(all.map(at => [`${at.file}:${at.span.start}`, at])).values()];
}
