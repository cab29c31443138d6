import { basename } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import { runCommands } from "./image/run-commands.ts";
import { writtenAt } from "./query-build.ts";
import { isLoopback } from "./query-environment.ts";
import type { Build, Stack } from "./stack.ts";

/** Questions about connections whose other end is not checked. */

/** A command of a build that takes whatever the network hands it. */
export interface Unchecked {
  readonly at: Location;
  readonly what: string;
}

/** Letters of curl that take no value: only these may stand before `k` in one cluster. */
const curlInsecure = /^(?:--insecure|-[^AbcCdDeEFhHKmoPQrtTuUwxXyYz-]*k\w*)$/;
const checksum = /^(?:sha\d+sum|md5sum|shasum|gpg|gpgv|cosign|minisign|openssl)$/;
const certificates = "the certificate is not checked";
const signatures = "the packages' signatures are not checked";

/** Every such command of the stages that a build runs, each place once. A checksum in the same step makes up for it. */
export function uncheckedDownloads(stack: Stack, build: Build): Unchecked[] {
  const found = new Map<number, Unchecked>();
  for (const { stage } of build.model?.built ?? []) {
    for (const run of stage.runs) {
      const commands = runCommands(run, undefined);
      if (commands.some(({ words }) => checksum.test(basename(words[0]?.value ?? "")))) continue;
      for (const { words, at } of commands) {
        const what = uncheckedBy(
          words.map(word => word.value ?? ""),
          writtenAt(stack, at),
        );
        if (what) found.set(at.span.start, { at, what });
      }
    }
  }
  return [...found.values()];
}

function uncheckedBy([first = "", ...args]: readonly string[], text: string): string | undefined {
  const has = (pattern: RegExp): boolean => args.some(arg => pattern.test(arg));
  const line = args.join(" ");
  switch (basename(first)) {
    case "curl":
      return has(curlInsecure) && isPublic(text) ? certificates : undefined;
    case "wget":
      return has(/^--no-check-certificate$/) && isPublic(text) ? certificates : undefined;
    case "pip":
    case "pip3":
    case "python":
    case "python3":
    case "uv": {
      const host = /--(?:trusted-host|allow-insecure-host)[ =](\S+)/.exec(line)?.[1];
      return host !== undefined && isPublicHost(host) ? certificates : undefined;
    }
    case "npm":
    case "yarn":
    case "pnpm":
      return /(?:config set|^set) (?:strict-ssl|enableStrictSsl)[ =]false|--strict-ssl(?:=| )false|--no-strict-ssl/.test(
        line,
      )
        ? certificates
        : undefined;
    case "git":
      return /http\.sslverify[ =](?:false|0)/i.test(line) ? certificates : undefined;
    case "apt":
    case "apt-get":
      if (/Verify-Peer=(?:false|0)/i.test(line)) return certificates;
      return has(/^--(?:allow-unauthenticated|force-yes)$/) ? signatures : undefined;
    case "apk":
      return has(/^--allow-untrusted$/) && !has(/\.apk$|\//) ? signatures : undefined;
    case "yum":
    case "dnf":
    case "microdnf":
      if (/sslverify=(?:false|0)/i.test(line)) return certificates;
      return has(/^--nogpgcheck$/) && !has(/\.rpm$/) ? signatures : undefined;
    default:
      return undefined;
  }
}

/** It asks at least one host that strangers can stand in front of; where no host is told, nothing is known. */
function isPublic(text: string): boolean {
  return [...text.matchAll(/https:\/\/([\w.-]+)/g)].some(match => isPublicHost(match[1]!));
}

/** A company's own names and addresses seldom have a certificate that the image knows. */
function isPublicHost(host: string): boolean {
  const name = host.replace(/:\d+$/, "");
  if (isLoopback(name) || !name.includes(".") || /^[\d.]+$/.test(name)) return false;
  return !/\.(?:local|localhost|internal|intranet|lan|corp|home|test|svc)$|\.svc\./i.test(name);
}
