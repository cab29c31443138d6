import type { NginxScope } from "../../artifacts/nginx-model.ts";
import type { Edit } from "../../core/fix.ts";
import { sourceOf } from "../../core/project-files.ts";
import { addBefore } from "../../formats/nginx-edit.ts";
import { allEdits, nginxSource, ownDirectives } from "../../remedies/nginx.ts";
import { offer } from "../../remedies/offer.ts";
import { allLocations } from "../../stack/proxy/effective.ts";
import { directivesNamed, headersAt, levelsOf, type NginxHeader } from "../../stack/proxy/inherit.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import { proxyGrade, proxyName, proxyTitle, serverProxies } from "../../stack/query-proxy.ts";
import type { ProxyInstance, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const protective =
  /^(?:strict-transport-security|content-security-policy|x-frame-options|x-content-type-options|referrer-policy|permissions-policy|cross-origin-[\w-]+)$/i;
const assetPath = /\\\.\(?.*\b(?:js|css|png|jpe?g|svg|woff2?)\b|^\/(?:static|assets|_next\/static)\b/;
/** `^/(css|js|images)/`: folders of what was built, and of nothing that a user sent. */
const folders = /^\^?\/\(?([\w|-]+)\)?(?:\/|$)/;
const assetFolder = /^(?:_content|_framework|css|js|libs?|fonts|images|img|icons|static|assets)$/;

interface Loss {
  readonly at: NginxHeader["at"];
  readonly lost: readonly NginxHeader[];
  readonly asset: boolean;
  readonly scope: NginxScope;
}

export default defineRule({
  id: "proxy/header-inheritance",
  title: "Security headers of the outer level reach every response",
  claim: "encrypts-traffic",
  severity: "medium",
  why: "One add_header in a location replaces all those of the server and http levels, so these pages go out without the protection that the configuration seems to give.",
  *check(stack) {
    for (const proxy of serverProxies(stack)) {
      const losses = lossesOf(proxy);
      const [first, ...more] = losses;
      if (!first) continue;
      const lost = [
        ...new Map(losses.flatMap(loss => loss.lost).map(header => [placeOf(header.at), header])).values(),
      ];
      const names = [...new Set(lost.map(header => header.name))];
      yield {
        subject: proxyName(proxy),
        message: `${proxyTitle(proxy)} drops ${listNames(names)} from ${losses.length === 1 ? "one place that adds a header of its own" : `${losses.length} places that add headers of their own`}.`,
        severity: weigh(proxyGrade(proxy), losses.every(loss => loss.asset) ? "low" : "medium"),
        evidence: [
          evidence(first.at, shows(first)),
          ...more.map(loss => evidence(loss.at, shows(loss))),
          ...lost.map(header => evidence(header.at, "set here, and lost there")),
        ],
        fix: () =>
          offer(
            {
              title: "Repeat the headers where they are lost",
              grade: "needs-testing",
              test: "Open these pages: does anything load them into a frame, or load scripts from elsewhere?",
            },
            allEdits(losses.map(loss => repeated(stack, withOuter(loss, losses)))),
          ),
      };
    }
  },
});

/** With what the levels around it lose: repeated there, it is lost here. */
function withOuter(loss: Loss, losses: readonly Loss[]): Loss {
  const outer = losses.filter(other => other !== loss && levelsOf(loss.scope).includes(other.scope));
  const own = directivesNamed(loss.scope, "add_header");
  const names = new Set([...loss.lost.map(each => each.name), ...own.map(each => each.args[0]?.value ?? "")]);
  const known = new Set([...names].map(name => name.toLowerCase()));
  const more = outer.flatMap(other => other.lost).filter(each => !known.has(each.name.toLowerCase()));
  return { ...loss, lost: [...more, ...loss.lost] };
}

/** The lost headers as they are written, before the first one of the place. */
function repeated(stack: Stack, { scope, lost }: Loss): Edit | undefined {
  const [first] = ownDirectives(stack, scope, "add_header");
  const source = first && nginxSource(stack, first.at);
  const lines = lost.map(({ at }) => sourceOf(stack, at.file)?.text.slice(at.span.start, at.span.end) ?? "");
  // A value of a template is known in its own file only.
  const isPlain = (line: string, index: number) =>
    /^add_header\s[^\n]*;$/.test(line) && (!line.includes("${") || lost[index]!.at.file === source?.path);
  return source && lines.every(isPlain) ? addBefore(source, first, lines) : undefined;
}

function placeOf({ file, span }: NginxHeader["at"]): string {
  return `${file}:${span.start}`;
}

function shows({ lost }: Loss): string {
  return `replaces ${lost.map(header => header.name).join(", ")}`;
}

/** Levels that serve something and lose protection, each once. */
function lossesOf(proxy: ProxyInstance): Loss[] {
  const found = new Map<unknown, Loss>();
  for (const server of proxy.effective.servers)
    for (const place of [server, ...allLocations(server)]) {
      const { headers, lost, from } = headersAt(place);
      const kept = new Set(headers.map(header => header.name.toLowerCase()));
      const serious = lost.filter(({ name }) => protective.test(name) && !isReplaced(name, headers, kept));
      if (!from || serious.length === 0 || found.has(from) || onlyRedirects(place)) continue;
      const asset = "modifier" in place && isAsset(place.path.value);
      const at = from.directives.find(directive => directive.name.value === "add_header")?.at;
      if (at) found.set(from, { at, lost: serious, asset, scope: from });
    }
  return [...found.values()];
}

function isAsset(path: string): boolean {
  const names = folders.exec(path)?.[1]?.split("|");
  return assetPath.test(path) || (names?.every(name => assetFolder.test(name)) ?? false);
}

/** `frame-ancestors` of a policy does what X-Frame-Options does. */
function isReplaced(name: string, headers: readonly NginxHeader[], kept: ReadonlySet<string>): boolean {
  if (name.toLowerCase() !== "x-frame-options" || !kept.has("content-security-policy")) return false;
  return headers.some(header => /frame-ancestors/.test(header.value));
}

function onlyRedirects({
  directives,
}: {
  directives: readonly { name: { value: string }; args: readonly { value: string }[] }[];
}): boolean {
  return directives.some(
    ({ name, args }) => name.value === "return" && /^(?:20[0-9]|3\d\d|4\d\d)$/.test(args[0]?.value ?? ""),
  );
}
