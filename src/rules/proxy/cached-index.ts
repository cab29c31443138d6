import type { NginxLocation, NginxServer } from "../../artifacts/nginx-model.ts";
import type { Location } from "../../core/source.ts";
import { allLocations } from "../../stack/proxy/effective.ts";
import { directivesNamed, effectiveDirective, headersAt, scopeOf } from "../../stack/proxy/inherit.ts";
import { evidence } from "../../stack/query.ts";
import { proxyName } from "../../stack/query-proxy.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/cached-index",
  title: "Browsers ask for the page that names the new files",
  claim: "rolls-out-without-downtime",
  severity: "low",
  why: "After a release a browser may show the old page from its cache, which asks for scripts that are gone: a white page until the user reloads.",
  *check(stack) {
    for (const proxy of stack.proxies) {
      if (proxy.effective.gaps.length > 0 && proxy.service) continue;
      for (const server of proxy.effective.servers) {
        const stale = staleIndex(server);
        if (!stale) continue;
        yield {
          subject: proxyName(proxy),
          message: `The server in ${stale.page.file} keeps built files for long and says nothing of the page that names them, so a browser decides how old that page may be.`,
          evidence: [
            evidence(stale.page, "serves the page, without Cache-Control"),
            evidence(stale.assets, "kept for long"),
          ],
          // What browsers do without a word differs; a network in front may add one.
          confidence: "possible",
        };
        break;
      }
    }
  },
});

const long = /^\+?(?:\d+y|max|\d{2,}d|\d+M|\d+w|[1-9]\d{6,})$/;

/** A location that falls back to index.html without a word on caching, beside one that keeps files for long. */
function staleIndex(server: NginxServer): { readonly page: Location; readonly assets: Location } | undefined {
  const locations = allLocations(server);
  const page = locations.find(location => isPage(location));
  const assets = locations
    .filter(location => location !== page && !location.proxyPass)
    .flatMap(location => keptLong(location) ?? [])[0];
  if (!page || !assets) return undefined;
  const said = [page, ...locations.filter(each => /index\.html/.test(each.path.value))];
  return said.some(each => speaksOfCaching(each)) ? undefined : { page: page.path.at, assets };
}

function isPage(location: NginxLocation): boolean {
  if (location.proxyPass || location.path.value !== "/") return false;
  const files = effectiveDirective(location, "try_files");
  return files?.args.some(arg => /index\.html$/.test(arg.value)) === true;
}

function keptLong(location: NginxLocation): Location | undefined {
  const [expires] = directivesNamed(scopeOf(location), "expires");
  if (expires?.args.some(arg => long.test(arg.value))) return expires.at;
  const header = directivesNamed(scopeOf(location), "add_header").find(
    each => /^cache-control$/i.test(each.args[0]?.value ?? "") && /immutable/.test(each.args[1]?.value ?? ""),
  );
  return header?.at;
}

function speaksOfCaching(location: NginxLocation): boolean {
  return (
    effectiveDirective(location, "expires") !== undefined ||
    effectiveDirective(location, "etag") !== undefined ||
    headersAt(location).headers.some(({ name }) => /^(?:cache-control|pragma)$/i.test(name))
  );
}
