import { evidence, weigh } from "../../stack/query.ts";
import { standaloneCertificates } from "../../stack/query-standalone.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/standalone-renewal",
  title: "A certificate can be renewed while the site is served",
  claim: "encrypts-traffic",
  severity: "high",
  why: "Certbot renews in the way that it was first asked: its own server finds port 80 taken, every renewal fails, and after 90 days at most every browser refuses the site.",
  *check(stack) {
    const told = new Set<string>();
    for (const { file, who, told: isTold, at, service, port, renewal } of standaloneCertificates(stack)) {
      if (told.has(file)) continue;
      told.add(file);
      const name = service.containerName?.text;
      const isPlain = name !== undefined && /^[\w.-]+$/.test(name) && name === service.containerName?.raw;
      yield {
        subject: `${file}: certbot`,
        message: `${who} asks for the certificate with certbot's own server, and "${service.name}" holds port 80 when it is renewed: nothing stops it for that.`,
        severity: weigh(service, "high"),
        confidence: "likely",
        evidence: [
          evidence(at, "needs port 80, at every renewal too"),
          evidence(port.at, `"${service.name}" holds it`),
          ...(renewal ? [evidence(renewal, "fails while it does")] : []),
        ],
        fix: () =>
          isPlain && !isTold
            ? {
                title: `Stop ${name} for the moment of a renewal`,
                grade: "needs-testing" as const,
                edits: [
                  {
                    at,
                    text: `--standalone --pre-hook "docker stop ${name}" --post-hook "docker start ${name}"`,
                  },
                ],
                test: "Run the script once more on the server, then `certbot renew --dry-run`: it has to succeed, and the site has to be back after it.",
              }
            : undefined,
      };
    }
  },
});
