import { filesEnding, isTest, isVendored, ownFiles } from "../artifacts/project-files.ts";
import { type Location, locate } from "../core/source.ts";
import { isSecretName } from "../formats/secret.ts";
import { isRun } from "./query-connections.ts";
import { componentReads } from "./query-environment.ts";
import type { Service, Stack } from "./stack.ts";

/** Places where a program writes a credential, or all of its settings, into its own log. */

export interface LoggedSecret {
  /** The variable; undefined where all settings are written. */
  readonly name?: string;
  readonly at: Location;
  /** An address of a store, which may be without a password. */
  readonly isAddress: boolean;
}

const address =
  /(?:^|_)(?:DATABASE|DB|MONGO\w*|REDIS|BROKER|POSTGRES\w*|MYSQL|AMQP|RABBITMQ)_?(?:URL|URI|DSN)$/;
/** The call, from the beginning of its line up to what it reads. */
const writing =
  /(?:\bconsole\.(?:log|info|debug|warn|error)|\bprint|\blog(?:ger|ging)?\.(?:info|debug|warning|warn|error|log))\(\s*(?:(?:f?"[^"\n]*"|f?'[^'\n]*'|`[^`\n]*`)\s*,\s*)?$/;

export function loggedSecrets(stack: Stack, service: Service): LoggedSecret[] {
  const { component } = service;
  if (!component || !service.process) return [];
  if (component.kind === "go") return loggedSettings(stack, service);
  return componentReads(stack, component).reads.flatMap(({ name, at, buildTime }) => {
    const isAddress = address.test(name);
    if (buildTime || !(isAddress || isSecretName(name)) || !isRun(stack, service, component, at)) return [];
    const read = stack.files.read(at.file);
    if (!("source" in read)) return [];
    const { text } = read.source;
    const before = text.slice(text.lastIndexOf("\n", at.span.start) + 1, at.span.start);
    const after = text.slice(at.span.end, at.span.end + 3);
    if (!writing.test(before) || /^\s*(?:\/\/|#)/.test(before) || !/^\s*[,)]/.test(after)) return [];
    return [{ name, at, isAddress }];
  });
}

const whole =
  /\.(?:Printf|Infof|Debugf|Logf)\(\s*"[^"\n]*%\+?#?v[^"\n]*",\s*[&*]?(?:\w+\.)?(?:cfg|conf|config|settings|\w+Config)\s*\)/gi;
/** A field of the settings that is a credential. */
const field = /^[ \t]*\w*(?:Password|Secret|ApiKey|APIKey|Token|PrivateKey)\w*\s+string\b/m;

/** `log.Printf("%+v", config)`, in the file that says what is in it. */
function loggedSettings(stack: Stack, { component }: Service): LoggedSecret[] {
  const own = new Set(ownFiles(stack.files, component!.dir));
  const paths = filesEnding(stack.files, "go").filter(
    path => own.has(path) && /conf|setting|env/i.test(path) && !isTest(path) && !isVendored(path),
  );
  return paths.slice(0, 100).flatMap(path => {
    const read = stack.files.read(path);
    if (!("source" in read) || !field.test(read.source.text)) return [];
    return [...read.source.text.matchAll(whole)].map(match => ({
      at: locate(read.source, match.index + 1, match.index + match[0].length),
      isAddress: false,
    }));
  });
}
