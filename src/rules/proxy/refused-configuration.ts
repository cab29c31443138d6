import { refusals } from "../../stack/proxy/refusals.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/refused-configuration",
  title: "nginx accepts its configuration",
  claim: "boots-healthy",
  severity: "critical",
  why: "nginx checks the whole configuration when it starts and exits at the first thing it refuses: nothing behind it can be reached.",
  *check(stack) {
    for (const proxy of stack.proxies) {
      const { service, effective } = proxy;
      // What is not seen may define what is missed here, and templates are only known when they are filled in.
      if (!service || effective.gaps.length > 0 || effective.problems.length > 0) continue;
      // Another image's main file may define more than the official one's.
      const isOwn = effective.tree.some(({ at }) => at.span.end > at.span.start);
      if (!isOwn && !/^(?:nginx|nginxinc\/nginx-unprivileged)$/.test(service.facts?.family ?? "")) continue;
      const [first, ...more] = refusals(stack, proxy);
      if (!first) continue;
      const places = [first, ...more].flatMap(({ at, shows, other }) => [
        evidence(at, shows),
        ...(other ? [evidence(other.at, other.shows)] : []),
      ]);
      yield {
        subject: service.name,
        message: `The proxy "${service.name}" does not start: nginx refuses its configuration (${first.shows}).`,
        severity: weigh(service, "critical"),
        evidence: [places[0]!, ...places.slice(1)],
      };
    }
  },
});
