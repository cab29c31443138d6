import type { DockerExecCall } from "../../artifacts/commands.ts";
import { evidence } from "../../stack/query.ts";
import { callerName, isWorkstationCall } from "../../stack/query-scripts.ts";
import { defineRule } from "../rule.ts";

/** Programs that take their work from standard input when nothing else is named. */
const readers =
  /^(?:psql|mysql|mariadb|pg_restore|mongorestore|mongosh|mongo|redis-cli|clickhouse-client|cqlsh|influx|sqlite3|tar|tee|gunzip|zcat)$/;

export default defineRule({
  id: "data/restore-input",
  title: "What a script pipes into a container arrives there",
  claim: "backup-restores",
  severity: "high",
  why: "Without -i the program in the container reads an empty input and ends with success: the restore has done nothing, and nobody is told.",
  *check(stack) {
    const seen = new Set<number>();
    for (const placed of stack.calls) {
      const { call } = placed;
      if (call.kind !== "docker-exec" || !losesInput(call) || seen.has(call.at.span.start)) continue;
      seen.add(call.at.span.start);
      const exec = call.command.words.find(word => word.value === "exec");
      yield {
        subject: `${placed.caller.file}: ${call.container?.value ?? "docker exec"}`,
        message: `${callerName(placed)} gives a ${call.stdin === "pipe" ? "pipe" : "file"} to \`docker exec\` without -i: ${call.execCommand[0]?.value} in the container reads nothing, and ends with success.`,
        severity: isWorkstationCall(placed) || onlyAsks(call) ? "low" : "high",
        evidence: [evidence(call.at, "no -i: the input is not handed on")],
        fix: () =>
          exec && {
            title: "Hand the input on",
            grade: "needs-testing" as const,
            edits: [
              {
                at: { ...exec.at, span: { start: exec.at.span.end, end: exec.at.span.end } },
                text: " -i",
              },
            ],
            test: "Restore into an empty database of another name, and count its rows.",
          },
      };
    }
  },
});

function losesInput(call: DockerExecCall): boolean {
  if (call.interactive || !/^(?:file|pipe|heredoc)$/.test(call.stdin)) return false;
  const [program, ...rest] = call.execCommand;
  const name = program?.value?.split("/").at(-1) ?? "";
  if (/^(?:ba|da|a)?sh$/.test(name)) {
    // A shell reads its input unless it is given a command, and then the command does.
    const flag = rest.findIndex(arg => /^-[a-z]*c$/.test(arg.value ?? ""));
    const text = rest[flag + 1]?.value ?? rest[flag + 1]?.word.text ?? "";
    return flag === -1
      ? rest.length === 0
      : /^\s*(?:psql|mysql|mariadb|mongorestore)\b/.test(text) && !named.test(text);
  }
  return readers.test(name) && !rest.some(arg => named.test(` ${arg.value ?? arg.word.text} `));
}

/** All that is to be handed on are questions: nothing is restored. */
function onlyAsks({ command, execCommand }: DockerExecCall): boolean {
  const text = command.redirects.find(({ heredoc }) => heredoc)?.heredoc?.body.text ?? "";
  // Nobody types a restore of Redis: these are words to see whether it answers.
  if (execCommand[0]?.value === "redis-cli") return text !== "";
  if (/^mongo(?:sh)?$/.test(execCommand[0]?.value ?? "")) return text !== "" && !mongoWrites.test(text);
  const statements = text.replace(/^[ \t]*(?:--|\\)[^\n]*$/gm, "").split(";");
  return (
    text !== "" &&
    statements.every(each => each.trim() === "" || /^\s*(?:select|show|explain|with)\b/i.test(each))
  );
}

const mongoWrites =
  /(?<![A-Za-z])(?:insert|update|delete|drop|create|remove|replace|save|rename|grant|revoke|bulkWrite|findAndModify|findOneAnd|runCommand|adminCommand|load|initiate|reconfig|out)(?![a-z])/;

/** The work is named on the command line: a statement, a file. */
const named =
  /\s(?:-c|-f|-e|--command|--file|--execute|--eval|--archive)(?:[=\s]|$)|^\s*-[ceft]\w*=?|\s<\s|\.(?:sql|dump|gz|archive)\b/;
