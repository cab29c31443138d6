import type { Evidence } from "../../core/finding.ts";
import { addTo } from "../../core/group.ts";
import { basename, dirname, inside, join } from "../../core/path.ts";
import { sourceOf } from "../../core/project-files.ts";
import { type Location, locate } from "../../core/source.ts";
import { evidence, gradeOf, listPlain, serverServices, weigh } from "../../stack/query.ts";
import { type CommittedKey, committedKeys } from "../../stack/query-keys.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "secrets/private-key",
  title: "Private keys are kept out of the repository",
  claim: "no-secret-leaks",
  severity: "high",
  why: "Whoever has ever had a copy of the repository can decrypt the traffic, sign in as the server or sign tokens, and the key stays in the history after it is deleted.",
  *check(stack) {
    // Keys of one folder that nothing is seen to use are there for one reason.
    const idle = new Map<string, CommittedKey[]>();
    for (const key of committedKeys(stack)) {
      const user = userOf(stack, key);
      const login = user ? undefined : loginWith(stack, key);
      if (!user && !login && !key.issued) {
        addTo(idle, `${isForWork(stack, key) ? "low" : "medium"} ${dirname(key.file)}`, key);
        continue;
      }
      yield {
        subject: key.file,
        message: user
          ? `Git tracks the private key ${key.file}, and service "${user.service.name}" ${user.sees ? "mounts the folder that it lies in" : "uses it"}.`
          : key.issued
            ? `Git tracks ${key.file}, the key of an account with a cloud: whoever has the repository is that account.`
            : `Git tracks the private key ${key.file}, and ${login!.file} signs in to a server with it.`,
        severity: key.issued || !user ? "high" : weigh(user.service, "high"),
        evidence: [
          evidence(key.at, key.issued ? "an account with its key" : shows),
          ...(user ? [user.place] : []),
          ...(login ? [evidence(login, "signs in with it")] : []),
        ],
        ...(user || login ? {} : { confidence: "likely" as const }),
      };
    }
    for (const [key, [first, ...more]] of idle) {
      const files = [first!, ...more].map(({ file }) => file);
      yield {
        subject: first!.file,
        message: `Git tracks the private ${more.length === 0 ? "key" : "keys"} ${listPlain(files)}.`,
        severity: key.startsWith("low ") ? "low" : "medium",
        evidence: [evidence(first!.at, shows), ...more.map(({ at }) => evidence(at, shows))],
        confidence: "likely",
      };
    }
  },
});

const shows = "a private key without a passphrase";

interface User {
  readonly service: Service;
  readonly place: Evidence;
  /** It is given a whole folder; whether it reads this file of it is not said. */
  readonly sees?: true;
}

/** A service on a server that sees the file: through a mount, or in its image. */
function userOf(stack: Stack, { file }: CommittedKey): User | undefined {
  for (const service of serverServices(stack)) {
    const mount = service.mounts.find(
      each =>
        each.repositoryPath !== undefined &&
        each.repositoryPath !== "" &&
        inside(each.repositoryPath, file) !== undefined,
    );
    if (mount?.repositoryPath === file) return { service, place: evidence(mount.at, "mounted here") };
    if (mount && !namesOthers(stack, service, file))
      return { service, place: evidence(mount.at, "mounted here"), sees: true };
    const secret = service.project.secrets.find(
      each => each.path?.value === file && service.secrets.some(name => name.value === each.name),
    );
    if (secret) return { service, place: evidence(secret.at, "used as a secret here") };
  }
  return undefined;
}

/** A proxy whose configuration is known says which files it reads, and this is none of them. */
function namesOthers(stack: Stack, service: Service, file: string): boolean {
  const texts = stack.proxies
    .filter(each => each.service === service && each.effective.gaps.length === 0)
    .flatMap(each => each.effective.files)
    .flatMap(path => sourceOf(stack, path)?.text ?? []);
  return texts.length > 0 && !texts.some(text => text.includes(basename(file)));
}

/** Projects for work mount it or build it in, by its name, and no other does: it opens nothing but them. */
function isForWork(stack: Stack, { file }: CommittedKey): boolean {
  const name = basename(file);
  // Everybody has such a key: it opens machines that are made for a try.
  if (/(?:^|[._-])insecure(?:[._-]|$)/i.test(name)) return true;
  if (isOfMkcert(stack, file)) return true;
  const page = dirname(file) === "" ? undefined : stack.files.read(join(dirname(file), "README.md"));
  if (page && "source" in page && forTests.test(page.source.text)) return true;
  const users = stack.projects.filter(({ files, services }) =>
    [...files, ...services.flatMap(({ build }) => build?.dockerfilePath ?? [])].some(path =>
      sourceOf(stack, path)?.text.includes(name),
    ),
  );
  return users.length > 0 && users.every(project => gradeOf(project) === "development");
}

/** The certificate beside it says who made it: `mkcert` does so for the browser of one workstation. */
function isOfMkcert(stack: Stack, file: string): boolean {
  return stack.files.list(dirname(file)).some(name => {
    if (!/\.(?:pem|crt|cert)$/.test(name) || name === basename(file)) return false;
    const read = stack.files.read(join(dirname(file), name));
    const body =
      "source" in read ? /-----BEGIN CERTIFICATE-----([^-]*)/.exec(read.source.text)?.[1] : undefined;
    return body !== undefined && Buffer.from(body, "base64").includes("mkcert development certificate");
  });
}

const forTests =
  /\b(?:keys?|certificates?|certs?|pairs?)\b[^.\n]{0,80}\bfor (?:local )?(?:tests|testing|development)\b/i;

/** `ssh -i keys/shop.pem admin@...` in a script or a page: the key opens a server. */
function loginWith(stack: Stack, { file }: CommittedKey): Location | undefined {
  const name = basename(file).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const command = new RegExp(
    `\\b(?:ssh|scp|rsync|sftp)\\b[^\\n]{0,80} -i\\s+["']?(?:[\\w.~/-]*/)?${name}(?![\\w.-])`,
  );
  for (const path of stack.files.paths) {
    if (!/\.(?:sh|md|ya?ml|bash|txt)$|(?:^|\/)Makefile$/.test(path)) continue;
    const read = stack.files.read(path);
    const found = "source" in read ? command.exec(read.source.text) : null;
    if (found && "source" in read) return locate(read.source, found.index, found.index + found[0].length);
  }
  return undefined;
}
