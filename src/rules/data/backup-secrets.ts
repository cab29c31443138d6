import type { Argument, Call } from "../../artifacts/commands.ts";
import type { Fix } from "../../core/fix.ts";
import { addTo } from "../../core/group.ts";
import { basename } from "../../core/path.ts";
import { sourceOf } from "../../core/project-files.ts";
import { beforeFirst } from "../../formats/shell-edit.ts";
import { evidence } from "../../stack/query.ts";
import { leavesMachine } from "../../stack/query-backups.ts";
import { isWorkstationCall } from "../../stack/query-scripts.ts";
import type { PlacedCall, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const encrypts =
  /^(gpg|gpg2|age|rage|openssl|restic|borg|borgmatic|kopia|duplicity|tarsnap|sops|ansible-vault|ccrypt)$/;

export default defineRule({
  id: "data/backup-secrets",
  title: "Backups hold no passwords or keys in clear",
  claim: "no-secret-leaks",
  severity: "medium",
  why: "Whoever reads one old archive has the passwords and the private keys of today, and old archives lie in many places.",
  *check(stack) {
    const files = new Map<string, PlacedCall[]>();
    for (const placed of stack.calls) {
      if (!/back-?_?up/i.test(`${basename(placed.caller.file)} ${placed.caller.name ?? ""}`)) continue;
      if (isWorkstationCall(placed)) continue;
      const key =
        placed.caller.kind === "script" ? placed.caller.file : `${placed.caller.file} ${placed.caller.name}`;
      addTo(files, key, placed);
    }
    for (const group of files.values()) {
      const copied = group.flatMap(({ call }) => secretsTaken(call));
      const [first, ...more] = copied;
      if (!first || group.some(({ call }) => protects(call))) continue;
      const sent = group.find(({ call }) => leavesMachine(call));
      const file = group[0]!.caller.file;
      yield {
        subject: file,
        message: `${file} puts secrets into the backup in clear text${sent ? " and sends it to another machine" : ", readable by every user of the machine"}.`,
        evidence: [
          evidence(first.at, "secrets go into the backup"),
          ...more.map(arg => evidence(arg.at, "secrets go into the backup")),
          ...(sent
            ? [evidence(sent.call.command.name?.at ?? sent.call.at, "leaves the machine unencrypted")]
            : []),
        ],
        severity: sent ? "high" : "medium",
        fix: () => (sent ? undefined : closeFix(stack, group[0]!)),
      };
    }
  },
});

/** Nobody but the script's user reads what it writes. What leaves the machine has to be encrypted: that is a choice. */
function closeFix(stack: Stack, { caller, call }: PlacedCall): Fix | undefined {
  const source = sourceOf(stack, caller.file);
  const edit = source && caller.script && beforeFirst(source, call.script, ["umask 077"]);
  if (!edit) return undefined;
  return {
    title: "Keep what the backup writes from other users",
    grade: "needs-testing",
    edits: [edit],
    test: "Run the script, and whatever reads its files under another user.",
  };
}

/** Environment files and private keys that are copied or packed. */
function secretsTaken(call: Call): Argument[] {
  if (call.kind !== "file" && call.kind !== "remote-copy") return [];
  const sources =
    call.kind === "remote-copy"
      ? call.sources
      : call.name === "cp"
        ? call.operands.slice(0, -1)
        : call.name === "tar" && call.args.some(arg => /^(-?[a-z]*c[a-z]*|--create)$/.test(arg.value ?? ""))
          ? call.operands
          : call.name === "zip"
            ? call.operands.slice(1)
            : [];
  // The key of whoever logs in is put where a client looks for it: that is no backup.
  if (/(?:^|\/)\.ssh(?:\/|$)/.test(call.kind === "file" ? (call.operands.at(-1)?.value ?? "") : ""))
    return [];
  return sources.filter(arg => isSecret(arg.value ?? ""));
}

function isSecret(path: string): boolean {
  const name = basename(path.replace(/\/$/, ""));
  if (/^\.env(\.|$)/.test(name)) return !/\.(example|sample|template|dist|defaults?)$/.test(name);
  if (/^(secrets|letsencrypt|privkey\.pem|id_rsa|id_ed25519)$/.test(name) || /\.key$/.test(name)) return true;
  return /(^|\/)certbot\/conf$/.test(path.replace(/\/$/, ""));
}

/** The file is encrypted, or kept from other users. */
function protects(call: Call): boolean {
  if (encrypts.test(call.name)) return true;
  if (call.name === "umask") return /^0?0?77$/.test(call.args[0]?.value ?? "");
  if (call.name === "chmod") return /^(0?[67]00|go-rwx|go=|u=rwx?,go=)$/.test(call.args[0]?.value ?? "");
  if (call.name === "zip" || call.name === "7z")
    return call.args.some(arg => /^(-e|-P|-p.*|--encrypt)$/.test(arg.value ?? ""));
  return call.name === "install" && call.args.some(arg => /^-?0?[67]00$/.test(arg.value ?? ""));
}
