import { ownFiles } from "../artifacts/project-files.ts";
import { join } from "../core/path.ts";
import { type Location, locate } from "../core/source.ts";
import { hostNames, serverServices, variable } from "./query.ts";
import { givenVariables } from "./query-environment.ts";
import { settingHere, settingsInForce } from "./query-settings.ts";
import type { Service, Stack } from "./stack.ts";

/** Requests between services that the one asked answers with a redirect to HTTPS. */

export interface Redirected {
  /** Who is asked. */
  readonly service: Service;
  /** What sends everything to HTTPS. */
  readonly at: Location;
  readonly setting: string;
  readonly caller: Service;
  /** The address by which it asks. */
  readonly calledAt: Location;
  readonly address: string;
}

export function redirectedCalls(stack: Stack): Redirected[] {
  return [...djangoRedirects(stack), ...railsRedirects(stack)].flatMap(asked => {
    for (const caller of asked.service.project.services) {
      if (caller === asked.service || caller.kind !== "app" || caller.component === asked.service.component)
        continue;
      const called = addressIn(stack, caller, hostNames(asked.service));
      if (called) return [{ ...asked, caller, ...called }];
    }
    return [];
  });
}

type Asked = Pick<Redirected, "service" | "at" | "setting">;

function djangoRedirects(stack: Stack): Asked[] {
  return settingsInForce(stack).flatMap(here => {
    const redirect = settingHere(here, "SECURE_SSL_REDIRECT");
    if (redirect?.value !== true || settingHere(here, "SECURE_REDIRECT_EXEMPT")) return [];
    return here.services.map(service => ({ service, at: redirect.at, setting: "SECURE_SSL_REDIRECT" }));
  });
}

function railsRedirects(stack: Stack): Asked[] {
  return serverServices(stack).flatMap(service => {
    const { component, model } = service;
    if (component?.kind !== "rails") return [];
    const stage = variable(service, "RAILS_ENV")?.value?.text ?? model?.env.get("RAILS_ENV")?.value;
    const path = join(component.dir, "config/environments/production.rb");
    const source = stage === "production" ? component.files.read(path) : undefined;
    const text = source?.text ?? "";
    const found = /^[ \t]*config\.force_ssl\s*=\s*true\b/m.exec(text);
    // A program that takes every request for one through TLS redirects none.
    if (!source || !found || /^[ \t]*config\.(?:assume_ssl\s*=\s*true|ssl_options\b)/m.test(text)) return [];
    const start = found.index + found[0].search(/\S/);
    return [
      { service, at: locate(source, start, found.index + found[0].length), setting: "config.force_ssl" },
    ];
  });
}

/** `http://api:3000` in what a service is given, or in its code. */
function addressIn(
  stack: Stack,
  caller: Service,
  hosts: readonly string[],
): Pick<Redirected, "calledAt" | "address"> | undefined {
  const names = hosts.map(host => host.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
  const address = new RegExp(`\\bhttp://(?:${names})(?::\\d+)?(?=[/"'\`\\s]|$)`);
  if (saysHow(stack, caller)) return undefined;
  for (const { value, at } of givenVariables(caller)) {
    const found = value?.text === undefined ? null : address.exec(value.text);
    if (found) return { calledAt: at, address: found[0] };
  }
  for (const path of codeOf(stack, caller)) {
    const read = stack.files.read(path);
    if (!("source" in read) || !read.source.text.includes("http://")) continue;
    const found = address.exec(read.source.text);
    if (!found) continue;
    const { index } = found;
    return { calledAt: locate(read.source, index, index + found[0].length), address: found[0] };
  }
  return undefined;
}

/** It tells the other one that the visitor came through TLS. */
function saysHow(stack: Stack, caller: Service): boolean {
  return codeOf(stack, caller).some(path => {
    const read = stack.files.read(path);
    return "source" in read && /x[-_]forwarded[-_]proto/i.test(read.source.text);
  });
}

const mostFiles = 800;

function codeOf(stack: Stack, { component }: Service): readonly string[] {
  if (!component) return [];
  const paths = ownFiles(stack.files, component.dir).filter(path => /\.(?:py|[cm]?[jt]s|go|rb)$/.test(path));
  return paths.length > mostFiles ? [] : paths;
}
