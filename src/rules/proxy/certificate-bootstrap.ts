import type { Call } from "../../artifacts/commands.ts";
import { addTo } from "../../core/group.ts";
import { basename, join } from "../../core/path.ts";
import { placeholderFix } from "../../remedies/placeholder-certificate.ts";
import { evidence, weigh } from "../../stack/query.ts";
import {
  certbotsFor,
  isSaidInScripts,
  type NeededCertificate,
  neededCertificates,
  startsByScript,
  startText,
} from "../../stack/query-certificates.ts";
import type { PlacedCall, ProxyInstance, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

/** Ways to have a certificate before nginx runs: a placeholder, another listener, DNS, another program. */
const otherWays =
  /openssl\s+(?:req|ecparam|genrsa|genpkey)|--standalone|--dns-|--manual|--preferred-challenges|mkcert|acme\.sh|\blego\b|self-?signed|snakeoil/i;

export default defineRule({
  id: "proxy/certificate-bootstrap",
  title: "The proxy can start before it has its first certificate",
  claim: "boots-healthy",
  severity: "critical",
  why: "nginx exits when a certificate file is absent, and certbot gets one only through a running nginx: a new server never comes up.",
  *check(stack) {
    // Servers that are set up alike, from folders that were copied, have one cause.
    const groups = new Map<string, Deadlock[]>();
    for (const proxy of stack.proxies) {
      const { service } = proxy;
      if (!service || startsByScript(service) || otherWays.test(startText(service))) continue;
      const [deadlock] = neededCertificates(proxy)
        .filter(needed => needed.value.includes("/live/"))
        .flatMap(needed => {
          const certbot = certbotOf(stack, service, needed);
          return certbot ? [{ needed, certbot }] : [];
        });
      if (!deadlock || hasOtherWay(stack, proxy)) continue;
      const issuing = stack.calls.find(
        ({ call }) => call.args.some(arg => arg.value === "certonly") && call.kind !== "compose",
      );
      const shown =
        issuing ?? stack.calls.find(({ call }) => call.args.some(arg => arg.value === "certonly"));
      const key = `${service.name} ${deadlock.certbot.name} ${basename(service.at.file)}`;
      addTo(groups, key, { proxy, service, ...deadlock, shown });
    }
    for (const group of groups.values()) {
      const [{ proxy, service, certbot, shown }] = group as [Deadlock];
      const [first, ...rest] = group.flatMap(({ needed, certbot }) => [
        evidence(needed.at, "nginx exits while this file is absent"),
        evidence(certbot.at, "certbot writes it, through the proxy's port 80"),
      ]);
      yield {
        subject: service.name,
        message: `The proxy "${service.name}" cannot start on a new server: it needs a certificate that "${certbot.name}" can only get through this proxy.`,
        severity: weigh(service, shown ? "critical" : "high"),
        confidence: shown ? "certain" : "likely",
        evidence: [
          first!,
          ...rest,
          ...(shown ? [evidence(shown.call.at, "asked for when nginx already has to run")] : []),
        ],
        fix: () => (group.length === 1 ? placeholderFix(stack, proxy, certbot) : undefined),
      };
    }
  },
});

interface Deadlock {
  readonly proxy: ProxyInstance;
  readonly service: Service;
  readonly needed: NeededCertificate;
  readonly certbot: Service;
  readonly shown: PlacedCall | undefined;
}

/** The certbot that makes the file, when nothing in the repository stands there. */
function certbotOf(stack: Stack, service: Service, { value, mount }: NeededCertificate): Service | undefined {
  if (!mount || mount.type === "other" || mount.type === "tmpfs") return undefined;
  if (mount.type === "bind") {
    if (mount.repositoryPath === undefined) return undefined;
    const file = `${mount.repositoryPath}${value.slice(mount.target.length)}`;
    if (stack.files.has(file) !== undefined) return undefined;
  }
  if (service.project.volumes.find(volume => volume.name === mount.source)?.external) return undefined;
  const certbots = certbotsFor(service, mount);
  return certbots.some(certbot => otherWays.test(startText(certbot)) || certbot.build)
    ? undefined
    : certbots[0];
}

/** A placeholder certificate, or a configuration without TLS for the first start. */
function hasOtherWay(stack: Stack, proxy: ProxyInstance): boolean {
  if (isSaidInScripts(stack, otherWays)) return true;
  if (stack.files.paths.some(path => /init-?letsencrypt|letsencrypt-init|bootstrap-cert/i.test(path)))
    return true;
  if (isServedMeanwhile(stack) || isSwapped(stack, proxy)) return true;
  return stack.proxies.some(other => {
    const { servers } = other.effective;
    const plain = servers.every(server => server.listens.every(listen => !listen.ssl));
    const answersChallenge = servers.some(server =>
      server.locations.some(location => location.path.value.includes("acme-challenge")),
    );
    return other !== proxy && plain && answersChallenge;
  });
}

/** A script lays another file over the proxy's configuration, and then asks for the certificate. */
function isSwapped(stack: Stack, { files }: ProxyInstance): boolean {
  return stack.calls.some(({ call, caller }) => {
    const target =
      call.kind === "file" && /^(?:cp|mv)$/.test(call.name) ? call.operands.at(-1)?.value : undefined;
    return (
      target !== undefined &&
      files.some(
        file => join(call.cwd ?? "", target) === file || file.endsWith(`/${target.replace(/^\.\//, "")}`),
      ) &&
      asksLater(stack, call, caller.file)
    );
  });
}

function asksLater(stack: Stack, call: Call, file: string): boolean {
  return stack.calls.some(
    other =>
      other.caller.file === file &&
      other.call.at.span.start > call.at.span.start &&
      other.call.args.some(arg => arg.value === "certonly"),
  );
}

/** A script starts another web server on port 80, and then asks for the certificate. */
function isServedMeanwhile(stack: Stack): boolean {
  const servers = stack.calls.filter(
    ({ call }) =>
      call.kind === "docker-run" &&
      /nginx|httpd|caddy/.test(call.image?.word.text ?? "") &&
      call.publishes.some(port => /(?:^|:)80:80$/.test(port.value ?? "")),
  );
  return servers.some(({ call, caller }) => asksLater(stack, call, caller.file));
}
