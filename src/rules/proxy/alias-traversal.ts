import type { Located, Location } from "../../core/source.ts";
import { allLocations } from "../../stack/proxy/effective.ts";
import { evidence, listPlain, weigh } from "../../stack/query.ts";
import { proxyGrade, proxyName, proxyTitle, serverProxies } from "../../stack/query-proxy.ts";
import { isNothingThere } from "../../stack/query-served.ts";
import type { ProxyInstance } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/alias-traversal",
  title: "The proxy serves no file outside its directories",
  claim: "exposes-only-the-front-door",
  severity: "high",
  why: "nginx puts what follows the location's path behind the alias as it is: `/files../` leads one directory up, and everything there can be fetched by anybody.",
  *check(stack) {
    for (const proxy of serverProxies(stack)) {
      const open: Open[] = [];
      for (const { modifier, path, directives } of proxy.effective.servers.flatMap(allLocations)) {
        const alias = directives.find(({ name }) => name.value === "alias");
        const directory = alias?.args[0]?.value;
        if (!alias || directory === undefined || directory.includes("$")) continue;
        if (modifier !== "" && modifier !== "^~") continue;
        // Only the application leads there, with a path that it has made itself.
        if (directives.some(({ name }) => name.value === "internal")) continue;
        // Without the slash at the end of the alias, `/files../x` asks for `/data../x`, which is not there.
        if (!directory.endsWith("/")) continue;
        // That it is not there is told by itself.
        if (proxy.service && isNothingThere(stack, proxy.service, directory.replace(/\/+$/, ""))) continue;
        if (path.value.endsWith("/")) {
          yield {
            subject: proxyName(proxy),
            kept: evidence(path.at, "ends with a slash, as its alias does"),
          };
          continue;
        }
        open.push({ path, alias: alias.at, directory });
      }
      const [first, ...more] = open;
      if (!first) continue;
      const parents = listPlain([...new Set(open.map(each => each.directory.replace(/[^/]+\/+$/, "")))]);
      const asked = listPlain(open.map(each => `${each.path.value}../`));
      const own = listPlain(open.map(each => each.directory));
      const places = [first, ...more].flatMap(each => [
        evidence(each.path.at, "no slash at the end"),
        evidence(each.alias, "what follows the path is put behind this"),
      ]);
      yield {
        subject: `${proxyName(proxy)} ${first.path.value}`,
        message: `${proxyTitle(proxy)} serves the files of ${parents} to whoever asks for ${asked}, not only those of ${own}.`,
        severity: weigh(
          proxyGrade(proxy),
          open.every(each => isAllServed(proxy, each, open)) ? "low" : "high",
        ),
        evidence: [places[0]!, ...places.slice(1)],
        fix: () => ({
          title: `Match ${listPlain(open.map(each => `${each.path.value}/`))}`,
          grade: "needs-testing",
          edits: open.map(({ path: { at } }) => ({
            at: { file: at.file, span: { start: at.span.end, end: at.span.end } },
            text: "/",
          })),
        }),
      };
    }
  },
});

const ofSystem =
  /^\/(?:(?:app|bin|boot|code|etc|home|lib\w*|media|mnt|opt|root|run|srv|tmp|usr|var|workspace)\/)?$|^\/(?:etc|usr|var|home)\//;

/** What lies above is made of nothing but mounts that are served anyway: the image has no such directory. */
function isAllServed({ service }: ProxyInstance, { directory }: Open, open: readonly Open[]): boolean {
  const above = directory.replace(/[^/]+\/+$/, "");
  if (!service || service.build || ofSystem.test(above)) return false;
  const near = service.mounts.filter(({ target }) => `${target}/`.startsWith(above));
  return (
    near.some(({ target }) => `${target}/` === directory) &&
    near.every(({ target }) => open.some(each => `${target}/` === each.directory))
  );
}

interface Open {
  readonly path: Located<string>;
  readonly alias: Location;
  readonly directory: string;
}
