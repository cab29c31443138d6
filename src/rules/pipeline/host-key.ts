import type { Call } from "../../artifacts/commands.ts";
import { contextsOf } from "../../artifacts/workflow.ts";
import { allCommands, expansionsOf, type WordPart } from "../../formats/shell.ts";
import { evidence, listPlain } from "../../stack/query.ts";
import { callerName } from "../../stack/query-scripts.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "pipeline/host-key",
  title: "The pipeline knows the server that it deploys to",
  claim: "no-secret-leaks",
  severity: "medium",
  why: "Whoever stands between the runner and the server, or takes over its name, is given the release and what it carries, and the job ends well.",
  *check(stack) {
    const open = stack.calls.filter(
      ({ call, caller }) =>
        (caller.kind === "workflow" || caller.kind === "stage") &&
        !call.remote &&
        (takesAnyKey(call) || asksForKey(call)),
    );
    if (open.length === 0) return;
    // Where the key that answers is noted down, all that follows in the job goes to it.
    const noted = open.filter(({ call }) => asksForKey(call)).map(({ caller }) => caller);
    const sent = stack.calls.filter(
      ({ call, caller }) =>
        !call.remote && noted.some(({ file, name }) => file === caller.file && name === caller.name),
    );
    const given = [...open, ...sent].map(({ call }) => handsOver(call)).find(each => each !== undefined);
    const names = [...new Set(open.map(callerName))];
    yield {
      subject: open[0]!.caller.file,
      message: `${capital(listPlain(names))} ${names.length === 1 ? "takes" : "take"} whatever answers for the server: its key is not checked${given ? `, and it is handed ${given}` : ""}.`,
      severity: given ? "medium" : "low",
      evidence: open.map(({ call }) =>
        evidence(
          call.at,
          asksForKey(call) ? "the key is whichever answers" : "any key of the server is taken",
        ),
      ),
    };
  },
});

const anyKey = /StrictHostKeyChecking[= ]+"?no\b/i;

/** `ssh -o StrictHostKeyChecking=no`, also behind `rsync -e`, or the same line for the configuration of ssh. */
function takesAnyKey(call: Call): boolean {
  const texts = call.command.words.map(word => word.text);
  if (call.kind === "ssh" || call.kind === "remote-copy")
    return texts.some(text => anyKey.test(text)) || call.args.some(arg => anyKey.test(arg.value ?? ""));
  const configures = call.writes.filter(({ path }) => /\.ssh\/config\b/.test(path.word.text));
  return configures.some(
    ({ heredoc }) => anyKey.test(heredoc?.body.text ?? "") || texts.some(text => anyKey.test(text)),
  );
}

const forges = /(?:^|\.)(?:github\.com|gitlab\.com|bitbucket\.org|ssh\.dev\.azure\.com)$/;

/** `ssh-keyscan -H $HOST >> ~/.ssh/known_hosts`: asked for in the same minute, the key vouches for nothing. */
function asksForKey({ name, args, writes, command }: Call): boolean {
  if (name !== "ssh-keyscan") return false;
  const noted = writes.some(({ path }) => /known_hosts/.test(path.word.text)) || command.connector === "|";
  return noted && !args.some(({ value }) => forges.test(value ?? ""));
}

/** What it gives to whoever answers: a password for the login, secrets in what is sent, or a file that holds them. */
function handsOver(call: Call): string | undefined {
  if (call.wrappers.includes("sshpass")) return "the password of the login";
  if (call.kind === "remote-copy") {
    const sent = call.direction !== "download" && call.sources.map(({ word }) => word.text);
    const file = sent ? sent.find(text => /(?:^|\/)\.env(?!\.example)[\w.-]*$/.test(text)) : undefined;
    return file ? `the file ${file}` : undefined;
  }
  if (call.kind !== "ssh") return undefined;
  const inner = call.remoteScript
    ? allCommands(call.remoteScript).flatMap(({ command }) => expansionsOf(command))
    : [];
  const heredocs = call.command.redirects.flatMap(({ heredoc }) => heredoc?.parts ?? []);
  const words = call.remoteCommand.flatMap(({ word }) => word.parts);
  const name = [...inner, ...heredocs, ...words].map(secretOf).find(each => each !== undefined);
  return name ? `the secret ${name}` : undefined;
}

function secretOf(part: WordPart): string | undefined {
  const found = part.kind === "expression" ? contextsOf(part.text) : [];
  const name = found.find(context => context.startsWith("secrets."))?.slice("secrets.".length);
  return name && !/(?:^|_)(?:HOST|IP|PORT|USER|USERNAME|DIR|PATH|URL|DOMAIN|ID)$/i.test(name)
    ? name
    : undefined;
}

const capital = (text: string): string => text[0]!.toUpperCase() + text.slice(1);
