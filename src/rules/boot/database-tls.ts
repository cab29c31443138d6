import { evidence, isOptional, serverServices, weigh } from "../../stack/query.ts";
import { insistsOnTls } from "../../stack/query-database-tls.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/database-tls",
  title: "A program asks for TLS where its database speaks it",
  claim: "boots-healthy",
  severity: "critical",
  why: 'The driver refuses the connection with "The server does not support SSL connections": no query is ever answered, and a program that connects at its start ends there.',
  *check(stack) {
    const told = new Set<string>();
    for (const service of serverServices(stack)) {
      if (isOptional(service)) continue;
      const found = insistsOnTls(stack, service);
      const [first, ...more] = found?.places ?? [];
      if (!found || !first || told.has(`${first.file} ${first.span.start} ${service.project.name}`)) continue;
      told.add(`${first.file} ${first.span.start} ${service.project.name}`);
      yield {
        subject: service.name,
        message: `"${service.name}" connects to "${found.store.name}" through TLS alone once NODE_ENV is "production", and PostgreSQL of the image ${found.store.image!.text} has none: every connection is refused.`,
        severity: weigh(service, found.certain ? "critical" : "high"),
        confidence: found.certain ? "certain" : "likely",
        evidence: [
          evidence(first, "insists on TLS in production"),
          ...more.map(at => evidence(at, "insists on TLS in production")),
          ...(found.because ? [evidence(found.because, "production")] : []),
          evidence(found.store.image!.at, "starts without TLS"),
        ],
      };
    }
  },
});
