import { containerFile, evidence, isOptional, weigh } from "../../stack/query.ts";
import {
  certbotsFor,
  isSaidInScripts,
  neededCertificates,
  startsByScript,
} from "../../stack/query-certificates.ts";
import { addedByHand } from "../../stack/query-page-steps.ts";
import { pagesOf } from "../../stack/query-pages.ts";
import type { ProxyInstance, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const makers =
  /openssl\s+(?:req|ecparam|genrsa|genpkey)|mkcert|certbot|acme\.sh|\blego\b|self-?signed|snakeoil/i;
const commands =
  /^[ \t]*(?:sudo\s+)?(?:openssl\s+(?:req|genrsa|ecparam|genpkey)|mkcert|certbot|acme\.sh|lego)\b/m;

export default defineRule({
  id: "proxy/certificate-present",
  title: "Something puts the certificate where the proxy looks for it",
  claim: "boots-healthy",
  severity: "low",
  why: "nginx exits while a certificate is absent, with its plain port 80 too: a new server shows nothing until somebody knows which file to put where.",
  *check(stack) {
    for (const proxy of stack.proxies) {
      const { service } = proxy;
      if (!service || isOptional(service) || startsByScript(service)) continue;
      const lost = lostPath(stack, proxy, service);
      if (lost) {
        const [, root = ""] = lost.at.value.split("/");
        const page = addedByHand(stack, service, new RegExp(`:/${root}/\\w`));
        yield {
          subject: service.name,
          message: `The proxy "${service.name}" does not start: it looks for ${lost.at.value}, and nothing is mounted there.`,
          severity: weigh(service, page ? "low" : "critical"),
          evidence: [
            evidence(lost.at.at, "neither the image nor a mount has it"),
            ...(page ? [evidence(page, "people add the mount by hand")] : []),
            ...(lost.mount ? [evidence(lost.mount.at, "the certificates are mounted elsewhere")] : []),
          ],
        };
        continue;
      }
      const missing = neededCertificates(proxy).find(({ value, mount }) => {
        if (mount?.type !== "bind" || mount.repositoryPath === undefined) return false;
        const file = `${mount.repositoryPath}${value.slice(mount.target.length)}`;
        return stack.files.has(file) === undefined && certbotsFor(service, mount).length === 0;
      });
      if (!missing?.mount || isSaidInScripts(stack, makers)) continue;
      const directory = missing.mount.repositoryPath!;
      // A script that copies something there does what it should.
      if (isSaidInScripts(stack, new RegExp(`(?<![\\w/])(?:\\./)?${literally(directory)}(?:/|\\b)`)))
        continue;
      yield {
        subject: service.name,
        message: `The proxy "${service.name}" needs ${missing.value}, which is to lie in ${directory}/ on the server; no script of this repository puts it there.`,
        severity: weigh(service, "low"),
        // Whoever follows the page has the file before the first start.
        confidence: isToldToPeople(stack) ? "possible" : "likely",
        evidence: [
          evidence(missing.at, "nginx exits while this file is absent"),
          evidence(missing.mount.at, "not in the repository, which is right for a key"),
        ],
      };
    }
  },
});

/** A certificate at a path of the official image that no mount covers: the image has none. */
function lostPath(stack: Stack, proxy: ProxyInstance, service: Service) {
  if (service.facts?.family !== "nginx" || (service.build ?? service.made)) return undefined;
  if (service.secrets.length > 0 || service.get("configs") || service.get("volumes_from")) return undefined;
  const at = neededCertificates(proxy).find(
    ({ value, mount }) =>
      !mount && /^\/[\w./-]+$/.test(value) && containerFile(stack, service, value).has !== "yes",
  );
  const mount = service.mounts.find(each => /letsencrypt|cert|ssl|tls/i.test(each.target));
  return at && { at, ...(mount ? { mount } : {}) };
}

/** Whether a page on deploying shows the commands that make a certificate. */
function isToldToPeople(stack: Stack): boolean {
  return pagesOf(stack).some(({ text }) => commands.test(text));
}

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
