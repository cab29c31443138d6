import { basename, dirname, join } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import { gradeOf } from "./query.ts";
import type { CommittedKey } from "./query-keys.ts";
import type { Stack } from "./stack.ts";

/** Projects for work mount it or build it in, by its name, and no other does: it opens nothing but them. */
export function isForWork(stack: Stack, { file }: CommittedKey): boolean {
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
