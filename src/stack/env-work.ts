import type { EnvFile } from "../artifacts/env-file.ts";
import type { Service, Stack } from "./stack.ts";

/** Env files that say of themselves that they are for a workstation or for tests: a server has another one. */

export function saysWorkstation({ entries }: Pick<EnvFile, "entries">): boolean {
  const said = entries.find(({ name }) => /(?:^|_)(?:ENV|ENVIRONMENT|ENVIRONMENT_NAME)$/.test(name.value));
  return said !== undefined && /^(?:local|dev|development|tests?|testing)$/i.test(said.value.value);
}

/** All addresses of pages and sockets in it, two at least, are of the machine that it lies on. */
export function isOfThisMachine({ entries }: Pick<EnvFile, "entries">): boolean {
  const sites = entries.filter(({ value }) => /^(?:https?|wss?):\/\/[^/:]*/.test(value.value));
  const own = sites.filter(({ value }) => /^\w+:\/\/(?:localhost|127\.0\.0\.1)(?=[:/]|$)/.test(value.value));
  // `http://search:9200` is a service beside it.
  return (
    own.length > 1 &&
    sites.every(each => own.includes(each) || /^\w+:\/\/[\w-]+(?=[:/]|$)/.test(each.value.value))
  );
}

/**
 * It says of itself that it is a server's: its environment, or debugging that is off, beside an address of the site
 * that is on the internet. `NODE_ENV=production` alone is copied to workstations too.
 */
export function saysServer({ entries }: Pick<EnvFile, "entries">): boolean {
  return (
    entries.some(({ name, value }) => {
      if (/(?:^|_)(?:ENV|ENVIRONMENT)$/.test(name.value))
        return /^(?:prod|production|live)$/i.test(value.value);
      if (/(?:^|_)DEBUG$/.test(name.value)) return /^(?:false|0|off|no)$/i.test(value.value);
      return name.value === "DJANGO_SETTINGS_MODULE" && /\.prod(?:uction)?$/.test(value.value);
    }) &&
    entries.some(({ name, value }) => siteName.test(name.value) && value.value.split(/[\s,]+/).some(isSite))
  );
}

const siteName =
  /(?:^|_)(?:ALLOWED_HOSTS?|(?:TRUSTED|ALLOWED|CORS|CSRF)_ORIGINS?|DOMAIN(?:_NAME)?|SERVER_NAME|(?:APP|SITE|BASE|FRONTEND|CLIENT|PUBLIC|BACKEND|NEXTAUTH|API)_URL)$/;

/** A name or an address that visitors reach; names that stand for another one are none. */
function isSite(text: string): boolean {
  const host = text.replace(/^\w+:\/\//, "").replace(/[:/].*$/, "");
  if (/^\d+(?:\.\d+){3}$/.test(host))
    return !/^(?:0|10|127|169\.254|192\.168|172\.(?:1[6-9]|2\d|3[01]))\./.test(host);
  return (
    /^(?:[a-z0-9-]+\.)+[a-z]{2,}$/i.test(host) &&
    !/(?:^|[.-])(?:example|your\w*|my\w*|domain|sample|test|local|localhost|localdomain|lan|internal|invalid|nip|sslip)(?:[.-]|$)/i.test(
      host,
    )
  );
}

/**
 * The `.env` that Compose reads for a server's project here is that of a workstation, or the deployment writes one of
 * its own on the server: its values are not the server's.
 */
export function hasWorkstationValues(stack: Stack, { project }: Pick<Service, "project">): boolean {
  if (project.grade === "development") return false;
  const path = project.directory === "" ? ".env" : `${project.directory}/.env`;
  const file = stack.envFiles.find(each => each.file === path);
  return file !== undefined && (saysWorkstation(file) || deployWritesEnv(stack));
}

const written = new WeakMap<Stack, boolean>();

/** The deployment makes the `.env` of the server anew: lines that it only adds leave the rest in force. */
export function deployWritesEnv(stack: Stack): boolean {
  let writes = written.get(stack);
  if (writes === undefined) {
    writes = stack.calls.some(
      ({ call, deploys }) =>
        deploys &&
        (call.writes.some(({ append, path }) => !append && isDotenv(path.word.text)) ||
          (/^(?:rm|mv)$/.test(call.name) && call.args.some(arg => isDotenv(arg.word.text)))),
    );
    written.set(stack, writes);
  }
  return writes;
}

const isDotenv = (text: string): boolean => /(?:^|\/)\.env$/.test(text);
