import type { FileCall } from "../../artifacts/commands.ts";
import { basename } from "../../core/path.ts";
import { evidence } from "../../stack/query.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "secrets/file-permission",
  title: "Files with secrets are readable by their owner alone",
  claim: "no-secret-leaks",
  severity: "medium",
  why: "Every user and every process on the server can read the passwords and keys in the file.",
  *check(stack) {
    for (const { call } of stack.calls) {
      if (call.kind !== "file" || call.name !== "chmod" || call.inside) continue;
      const [mode, ...files] = call.operands;
      if (mode?.value === undefined || !opensToAll(mode.value)) continue;
      const secret = files.find(file => holdsSecrets(file.value));
      if (!secret) continue;
      const octal = /^0?[0-7]{3}$/.test(mode.value);
      yield {
        subject: `${call.at.file} ${basename(secret.value!)}`,
        message: `${call.at.file} makes ${secret.value} readable for every user of the machine.`,
        evidence: [evidence(call.at, `mode ${mode.value} lets everyone read it`)],
        fix: () =>
          octal && !isRecursive(call) && !isForOthers(stack, secret.value!)
            ? {
                title: "Let only the owner read the file",
                grade: "needs-testing",
                edits: [{ at: mode.at, text: "600" }],
              }
            : undefined,
      };
    }
  },
});

/** A key of TLS that a container gets whose program is no web server: it reads the key as a user of its own. */
function isForOthers(stack: Stack, path: string): boolean {
  if (/^\.env|\.env$|^id_/.test(basename(path))) return false;
  return stack.services.some(
    service =>
      !/nginx|traefik|caddy|haproxy|httpd|apache/i.test(service.image?.raw ?? service.name) &&
      service.mounts.some(({ target }) => /cert|ssl|tls|keys?(?:\/|$)/i.test(target)),
  );
}

function isRecursive(call: FileCall): boolean {
  return call.flags.some(flag => /^(?:-[a-zA-Z]*R|--recursive)/.test(flag.name));
}

function opensToAll(mode: string): boolean {
  if (/^[0-7]{3,4}$/.test(mode)) return (Number(mode.at(-1)) & 4) !== 0;
  return /(?:^|,)[ug]*[ao][ugoa]*[+=][wx]*r/.test(mode) || /^\+[wx]*r/.test(mode);
}

/** Real env files and private keys; examples and certificates are meant to be read. */
function holdsSecrets(path: string | undefined): boolean {
  if (path === undefined) return false;
  const name = basename(path).toLowerCase();
  if (/example|sample|template|dist|\.pub$|(?:^|[._-])public(?:[._-]|$)/.test(name)) return false;
  return (
    /^\.env(?:\.[\w-]+)*$|^[\w-]+\.env$/.test(name) ||
    (/^(?:privkey|private|server|id_(?:rsa|ed25519|ecdsa)).*(?:\.key|\.pem)?$/.test(name) &&
      /key|id_/.test(name)) ||
    /\.key$/.test(name)
  );
}
