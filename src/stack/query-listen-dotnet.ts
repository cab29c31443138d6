import { filesBelow, isTest, isVendored } from "../artifacts/project-files.ts";
import { basename } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import type { AppComponent } from "./app/detect.ts";
import { variable } from "./query.ts";
import { hasUnseenEnvironment } from "./query-environment.ts";
import type { Service } from "./stack.ts";

/** Where a program of ASP.NET Core listens: by its variables, or by what its base image sets. */

const settings = ["URLS", "HTTP_PORTS", "HTTPS_PORTS"];
const prefixes = ["ASPNETCORE_", "DOTNET_", ""];
/** Code and settings that say it themselves. */
const ownCode =
  /\bUseUrls\(|\bListenAnyIP\(|\bListenLocalhost\(|\bConfigureKestrel\(|\bUseKestrel\(|\.Urls\.Add\(|\bListen\(|\bRun(?:Async)?\(\s*[^)\s]/;
const ownSettings = /"(?:Kestrel|Urls|Http_?Ports)"/i;
const mostFiles = 600;

export interface DotnetListening {
  readonly ports: readonly number[];
  readonly at: Location;
}

/**
 * Up to 7 the image sets `ASPNETCORE_URLS=http://+:80`, since 8 `ASPNETCORE_HTTP_PORTS=8080` (dotnet/dotnet-docker).
 * Undefined where something else may say it.
 */
export function dotnetListening(service: Service): DotnetListening | undefined {
  const { component, model, process } = service;
  if (component?.kind !== "dotnet" || !model || hasUnseenEnvironment(service)) return undefined;
  const words = process?.argv.map(word => word.value) ?? [];
  if (basename(words[0] ?? "") !== "dotnet" || words.some(word => word === undefined || /urls/i.test(word)))
    return undefined;
  const names = prefixes.flatMap(prefix => settings.map(name => `${prefix}${name}`));
  if (service.environment.some(({ name }) => /kestrel/i.test(name)) || saysItself(component))
    return undefined;
  const given = names.flatMap(name => variable(service, name) ?? []);
  if (given.length > 0) {
    const [only, ...more] = given;
    const ports = portsIn(only!.value?.text);
    return more.length === 0 && ports.length > 0 ? { ports, at: only!.at } : undefined;
  }
  const { base } = model;
  const major = Number(/^(\d+)\.\d/.exec(base?.tag ?? "")?.[1]);
  if (!/^dotnet\/aspnet$/.test(base?.name ?? "") || !(major > 0)) return undefined;
  return { ports: [major < 8 ? 80 : 8080], at: model.stage.from.at };
}

/** `http://+:80;https://+:443`, `8080;8081`. */
function portsIn(text: string | undefined): number[] {
  const parts = (text ?? "").split(/[;,]/).filter(part => part.trim() !== "");
  const ports = parts.map(part => Number(/(?:^|:)(\d{2,5})\/?$/.exec(part.trim())?.[1]));
  return ports.every(port => port > 0) ? ports : [];
}

const known = new WeakMap<AppComponent, boolean>();

function saysItself(component: AppComponent): boolean {
  const before = known.get(component);
  if (before !== undefined) return before;
  const files = filesBelow(component.files, component.dir)
    .filter(path => /\.cs$|(?:^|\/)appsettings[\w.]*\.json$/.test(path) && !isVendored(path) && !isTest(path))
    .filter(path => !/\/(?:Migrations|obj|bin)\//.test(path));
  const answer =
    files.length > mostFiles ||
    files.some(path => {
      const text = component.files.read(path)?.text ?? "";
      return path.endsWith(".cs") ? ownCode.test(text) : ownSettings.test(text);
    });
  known.set(component, answer);
  return answer;
}
