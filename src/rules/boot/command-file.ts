import { basename, join } from "../../core/path.ts";
import type { Located } from "../../core/source.ts";
import { containerFile, evidence, weigh } from "../../stack/query.ts";
import { workingDirectory } from "../../stack/query-import.ts";
import { madeByScript, oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import { throughMount } from "../../stack/resolve/endpoints.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/command-file",
  title: "The file that a command starts is in the container",
  claim: "boots-healthy",
  severity: "critical",
  why: "The container ends as soon as it starts, and a restart policy makes it do so for ever.",
  *check(stack) {
    const first = oncePerPlace();
    for (const service of worstFirst(stack.services)) {
      for (const file of startedFiles(service)) {
        const answer = containerFile(stack, service, file.value);
        if (answer.has !== "no" || madeElsewhere(stack, service, file.value) || !first(file.at)) continue;
        const copied = service.model?.stage.copies.findLast(copy => !copy.from)?.at;
        const decides = answer.at ?? copied;
        yield {
          subject: service.name,
          message: `"${service.name}" starts ${file.value}, which is not in its container: it ends as soon as it starts.`,
          severity: weigh(service, "critical"),
          evidence: [
            evidence(file.at, `starts ${basename(file.value)}`),
            ...(decides
              ? [
                  evidence(
                    decides,
                    answer.at ? "this mount decides what is there" : "this is what the image gets",
                  ),
                ]
              : []),
          ],
        };
      }
    }
  },
});

const interpreters =
  /^(python|python3|python3\.\d+|node|bun|tsx|ts-node|sh|bash|ash|dash|zsh|ruby|perl|php)$/;
/** Options with a value of their own. */
const takesValue = /^(-r|--require|--import|--loader|--env-file|-W|-X|-I|-d|-o|-O)$/;

/** Absolute paths of the files that the entry point and the command start. */
function startedFiles(service: Service): Located<string>[] {
  const workdir = workingDirectory(service);
  // A change of directory in a shell line moves every relative path after it.
  const moved = /(^|[;&|\s])cd\s/.test(service.process?.text ?? "");
  const image = service.model?.entrypoint;
  const entrypoint = service.entrypoint ?? (image?.form === "exec" ? image : undefined);
  const lists = [entrypoint?.words, service.process?.argv];
  return lists.flatMap(words => {
    const named = words && fileIn(words);
    if (named?.value === undefined) return [];
    if (named.value.startsWith("/")) return [{ value: named.value, at: named.at }];
    // Words of an entry script may follow a `cd` in it.
    const ours = words === entrypoint?.words || named.at.file === service.process?.at.file;
    return workdir && !moved && ours ? [{ value: join(workdir, named.value), at: named.at }] : [];
  });
}

function fileIn(words: readonly Located<string | undefined>[]): Located<string | undefined> | undefined {
  const [program] = words;
  const name = program?.value;
  if (name === undefined) return undefined;
  if (!interpreters.test(basename(name))) return isScript(name) ? program : undefined;
  const at = words.findIndex(
    (word, i) => i > 0 && !word.value?.startsWith("-") && !takesValue.test(words[i - 1]?.value ?? ""),
  );
  const before = words.slice(1, at).map(word => word.value);
  // `-m module`, `-c program` and `-e program` name no file.
  if (
    at === -1 ||
    before.some(word => word === undefined || /^-[a-zA-Z]*[mce]$|^--(eval|print)$|^-p$/.test(word))
  )
    return undefined;
  const word = words[at]!;
  return /\.(py|[cm]?[jt]s|sh|rb|pl|php)$/.test(word.value ?? "") && !/[*$~]/.test(word.value!)
    ? word
    : undefined;
}

/** A script of the project's own; programs of the image stand in its system directories. */
function isScript(name: string): boolean {
  if (!name.includes("/") || /[*$~]/.test(name)) return false;
  return name.startsWith("./") || /\.(sh|py)$/.test(name);
}

/** Below a mount stands what the server's checkout holds: ignored files and those that a script makes are built there. */
function madeElsewhere(stack: Stack, service: Service, path: string): boolean {
  return service.mounts.some(mount => {
    const source = throughMount(mount, path);
    return source !== undefined && (stack.files.ignored(source) || madeByScript(stack, source));
  });
}
