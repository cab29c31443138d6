import type { Edit } from "../../core/fix.ts";
import { sourceOf } from "../../core/project-files.ts";
import type { NginxDirective } from "../../formats/nginx.ts";
import { offer } from "../../remedies/offer.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { proxyGrade, proxyName, proxyTitle, serverProxies } from "../../stack/query-proxy.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

/** nginx has decoded it: `%0d%0a` of the request is a line end in it. */
const decoded = /\$(?:(?:document_)?uri\b|\{(?:document_)?uri\})/;
const withQuery = /\$(?:document_)?uri(?:\$is_args\$args|\?\$(?:args|query_string))?(?![\w$?])/;
/** Requests reach the upstream, answers reach the visitor; both end a line with CR LF. */
const written: Readonly<Record<string, string>> = {
  return: "a redirect",
  rewrite: "a redirect",
  add_header: "a header of the answer",
  proxy_pass: "the request to the upstream",
};

export default defineRule({
  id: "proxy/decoded-path",
  title: "The proxy writes no decoded path into headers",
  claim: "exposes-only-the-front-door",
  severity: "medium",
  why: "A link with an encoded line end adds headers of the attacker's choice to the answer: a cookie for your site, or another request to the application behind it.",
  *check(stack) {
    for (const proxy of serverProxies(stack)) {
      const found = new Map<string, NginxDirective>();
      for (const directive of all(proxy.effective.tree))
        if (isUnsafe(directive)) found.set(`${directive.at.file}:${directive.at.span.start}`, directive);
      const [first, ...more] = found.values();
      if (!first) continue;
      yield {
        subject: proxyName(proxy),
        message: `${proxyTitle(proxy)} writes the decoded path into ${written[first.name.value]}: a line end in a link becomes a line end there.`,
        severity: weigh(proxyGrade(proxy), "medium"),
        evidence: [
          evidence(first.at, "the decoded path"),
          ...more.map(each => evidence(each.at, "the decoded path")),
        ],
        fix: () =>
          offer(
            { title: "Use the path as it was sent", grade: "needs-testing" },
            [first, ...more].map(each => edit(stack, each)),
          ),
      };
    }
  },
});

function* all(tree: readonly NginxDirective[]): Generator<NginxDirective> {
  for (const directive of tree) {
    yield directive;
    if (directive.block && !keepsLineEndsOut(directive)) yield* all(directive.block);
  }
}

/** One exact path, or a pattern to the path's end whose parts match no line end: a dot does not. */
function keepsLineEndsOut({ name, args }: NginxDirective): boolean {
  const [modifier, pattern] = args.map(arg => arg.value);
  if (name.value !== "location") return false;
  if (modifier === "=") return true;
  return (
    /^~\*?$/.test(modifier ?? "") && /^\^.*\$$/.test(pattern ?? "") && !/\[\^|\\[sSDWNRH]|\(\?/.test(pattern!)
  );
}

function isUnsafe({ name, args, block }: NginxDirective): boolean {
  if (!Object.hasOwn(written, name.value) || block) return false;
  const values = args.map(arg => arg.value);
  if (name.value === "rewrite")
    return decoded.test(values[1] ?? "") && /^(?:https?:|\$scheme)/.test(values[1] ?? "");
  // `return 404 $uri` is a text for a reader, not a header.
  if (name.value === "return")
    return /^30[12378]$/.test(values[0] ?? "")
      ? decoded.test(values[1] ?? "")
      : values.length === 1 && decoded.test(values[0] ?? "");
  return values.some(value => decoded.test(value));
}

/** Only redirects: what an upstream should get instead depends on the location. */
function edit(stack: Stack, { name, args }: NginxDirective): Edit | undefined {
  const arg = args.find(each => decoded.test(each.value));
  const text = arg && sourceOf(stack, arg.at.file)?.text.slice(arg.at.span.start, arg.at.span.end);
  if (name.value !== "return" || !arg || !text || !withQuery.test(text)) return undefined;
  return { at: arg.at, text: text.replace(withQuery, () => "$request_uri") };
}
