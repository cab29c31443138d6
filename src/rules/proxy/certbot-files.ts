import type { Location } from "../../core/source.ts";
import type { NginxDirective } from "../../formats/nginx.ts";
import { containerFile, evidence, listNames, weigh } from "../../stack/query.ts";
import {
  certbotsFor,
  neededCertificates,
  startsByScript,
  startText,
} from "../../stack/query-certificates.ts";
import { serverProxies } from "../../stack/query-proxy.ts";
import type { ProxyInstance, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

/** What certbot's plug-in for nginx writes, and no other way of asking for a certificate. */
const helper = /\/(options-ssl-nginx\.conf|ssl-dhparams\.pem)$/;

export default defineRule({
  id: "proxy/certbot-files",
  title: "Every file that certbot's snippets name is made by something",
  claim: "boots-healthy",
  severity: "critical",
  why: "nginx exits because a file is missing, with the certificate in its place: the site stays dark, on port 80 as well.",
  *check(stack) {
    for (const proxy of serverProxies(stack)) {
      const { service } = proxy;
      if (!service || startsByScript(service)) continue;
      const certbot = certbotOf(proxy, service);
      const lacking = certbot ? lackingHelpers(stack, proxy, service) : [];
      const [first, ...more] = lacking;
      if (!certbot || !first) continue;
      const names = [...new Set(lacking.map(each => each.name))];
      yield {
        subject: service.name,
        message: `The proxy "${service.name}" needs ${listNames(names)}, which certbot's plug-in for nginx writes, and "${certbot.name}" runs certbot without it: nothing makes ${names.length === 1 ? "the file" : "the files"}.`,
        severity: weigh(service, "critical"),
        confidence: "likely",
        evidence: [
          evidence(first.at, "nginx exits while this file is absent"),
          ...more.map(each => evidence(each.at, "nginx exits while this file is absent")),
          evidence(certbot.image?.at ?? certbot.at, "writes certificates only"),
        ],
      };
    }
  },
});

/** The certbot in a container that fills the directory which the proxy reads its certificates from. */
function certbotOf(proxy: ProxyInstance, service: Service): Service | undefined {
  for (const { mount } of neededCertificates(proxy)) {
    // The server's own directory may be filled by a certbot that is installed there.
    if (!mount || mount.source?.startsWith("/")) continue;
    const [certbot] = certbotsFor(service, mount);
    // The official image has no web server to configure; another one may bring the files.
    if (certbot && !certbot.build && certbot.imageRef?.family === "certbot/certbot")
      return /--nginx\b|\.sh\b/.test(startText(certbot)) ? undefined : certbot;
  }
  return undefined;
}

interface Lacking {
  readonly name: string;
  readonly at: Location;
}

function lackingHelpers(stack: Stack, proxy: ProxyInstance, service: Service): Lacking[] {
  const included = proxy.effective.gaps.flatMap(({ about, at }) => {
    const path = /^nginx include "(.*)"$/.exec(about)?.[1];
    return path !== undefined && at ? [{ path, at }] : [];
  });
  const parameters = flatten(proxy.effective.tree).flatMap(({ name, args }) =>
    name.value === "ssl_dhparam" && args[0] ? [{ path: args[0].value, at: args[0].at }] : [],
  );
  return [...included, ...parameters].flatMap(({ path, at }) => {
    const name = helper.exec(path)?.[1];
    if (name === undefined || containerFile(stack, service, path).has === "yes") return [];
    return isNamedElsewhere(stack, proxy, name) ? [] : [{ name, at }];
  });
}

/** A script or a page that names the file may make it, or tell people how. */
function isNamedElsewhere(stack: Stack, { files }: ProxyInstance, name: string): boolean {
  return [...stack.sources].some(
    ([path, { text }]) => !files.includes(path) && !/\.(?:conf|template)$/.test(path) && text.includes(name),
  );
}

function flatten(tree: readonly NginxDirective[]): NginxDirective[] {
  return tree.flatMap(directive => [directive, ...flatten(directive.block ?? [])]);
}
