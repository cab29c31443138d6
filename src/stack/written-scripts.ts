import { type Call, callsIn } from "../artifacts/commands.ts";
import { basename } from "../core/path.ts";
import { parseShell } from "../formats/shell.ts";

const shells = /^(?:sh|bash|ash|dash|zsh)$/;

/**
 * The calls of scripts that these calls write from a heredoc and then run, here or on another machine:
 * `cat > deploy.sh << 'EOF'`, a copy, and `ssh host "bash deploy.sh"`.
 */
export function writtenScripts(calls: readonly Call[]): Call[] {
  return calls.flatMap(call => {
    if (call.name !== "cat" && call.name !== "tee") return [];
    const body = call.command.redirects.find(redirect => redirect.heredoc)?.heredoc?.body;
    const name = basename(call.writes[0]?.path.value ?? "");
    if (!body || !/^[\w.-]*[A-Za-z][\w.-]*$/.test(name)) return [];
    const run = calls.find(
      other =>
        other.command !== call.command &&
        (basename(other.name) === name ||
          (shells.test(other.name) && other.args.some(arg => basename(arg.value ?? "") === name))),
    );
    if (!run) return [];
    return callsIn(parseShell(body), run.remote ? { remote: true, via: "ssh-argument" } : { cwd: undefined });
  });
}
