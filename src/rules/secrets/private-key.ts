import type { Evidence } from "../../core/finding.ts";
import { addTo } from "../../core/group.ts";
import { basename, dirname, inside } from "../../core/path.ts";
import { sourceOf } from "../../core/project-files.ts";
import { type Location, locate } from "../../core/source.ts";
import { evidence, listPlain, serverServices, weigh } from "../../stack/query.ts";
import { type CommittedKey, committedKeys } from "../../stack/query-keys.ts";
import { isForWork } from "../../stack/query-keys-for-work.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "secrets/private-key",
  title: "Private keys are kept out of the repository",
  claim: "no-secret-leaks",
  severity: "high",
  why: "Whoever has ever had a copy of the repository can decrypt the traffic, sign in as the server or sign tokens, and the key stays in the history after it is deleted.",
  habit: true,
  *check(stack) {
    // Keys of one folder that nothing is seen to use are there for one reason.
    const idle = new Map<string, CommittedKey[]>();
    const used = new Map<string, Used[]>();
    for (const key of committedKeys(stack)) {
      const user = userOf(stack, key);
      const login = user ? undefined : loginWith(stack, key);
      if (!user && !login && !key.issued) {
        addTo(idle, `${isForWork(stack, key) ? "low" : "medium"} ${dirname(key.file)}`, key);
        continue;
      }
      if (user && !key.issued) {
        addTo(used, [dirname(key.file), user.service.name, user.sees ?? false].join("\0"), { key, user });
        continue;
      }
      yield {
        subject: key.file,
        message: key.issued
          ? `Git tracks ${key.file}, the key of an account with a cloud: whoever has the repository is that account.`
          : `Git tracks the private key ${key.file}, and ${login!.file} signs in to a server with it.`,
        severity: "high",
        evidence: [
          evidence(key.at, key.issued ? "an account with its key" : shows),
          ...(user ? [user.place] : []),
          ...(login ? [evidence(login, "signs in with it")] : []),
        ],
        ...(user || login ? {} : { confidence: "likely" as const }),
      };
    }
    for (const group of used.values()) {
      const [{ key, user }] = group as [Used];
      const [keys, they] = group.length === 1 ? ["key", "it lies"] : ["keys", "they lie"];
      const how = user.sees
        ? `mounts the folder that ${they} in`
        : `uses ${group.length === 1 ? "it" : "them"}`;
      const places = new Map(group.map(each => [each.user.place.at.span.start, each.user.place]));
      yield {
        subject: key.file,
        message: `Git tracks the private ${keys} ${listPlain(group.map(each => each.key.file))}, and service "${user.service.name}" ${how}.`,
        severity: weigh(user.service, "high"),
        evidence: [...group.map(each => evidence(each.key.at, shows)), ...places.values()],
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

interface Used {
  readonly key: CommittedKey;
  readonly user: User;
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
