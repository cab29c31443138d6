import { join, normalize } from "../core/path.ts";
import {
  type Constants,
  constantValue,
  type EvaluationOptions,
  type ShellScript,
  type Word,
} from "../formats/shell.ts";
import { rootMarker } from "./commands-arguments.ts";

/** Where `cd target` leads. `target` may hold the root marker; undefined: unknown. */
export function changeDirectory(cwd: string | undefined, target: string | undefined): string | undefined {
  if (target === undefined) return undefined;
  if (target.startsWith(rootMarker)) return normalize(`.${target.slice(1)}`);
  if (target.startsWith("~")) return normalize(target);
  if (target.startsWith("$")) return undefined;
  if (target.startsWith("/")) return normalize(target);
  return cwd === undefined ? undefined : join(cwd, target);
}

/** An absolute spelling of a directory, with the root marker for what lies below the root. */
export function absolute(cwd: string | undefined): string | undefined {
  if (cwd === undefined || cwd.startsWith("/") || cwd.startsWith("~")) return cwd;
  return cwd === "" ? rootMarker : `${rootMarker}/${cwd}`;
}

/** Values for the commands that scripts use to find themselves: dirname, pwd, `cd x && pwd`, git's top level. */
export function substitutions(cwdNow: () => string | undefined): EvaluationOptions {
  const substitution = (script: ShellScript, constants: Constants): string | undefined => {
    let cwd = cwdNow();
    let output: string | undefined;
    for (const command of script.commands) {
      if (command.within.length > 0 || command.stage > 0 || command.connector === "|") return undefined;
      const args = command.words.filter(
        word => word.value === undefined || !/^-[a-zA-Z]*$|^--$/.test(word.value),
      );
      const value = (word: Word | undefined) => (word ? constantValue(word, constants, options) : undefined);
      const first = value(args[1]);
      switch (command.name?.value) {
        case "cd":
          cwd = changeDirectory(cwd, first);
          if (cwd === undefined) return undefined;
          continue;
        case "pwd":
          output = absolute(cwd);
          break;
        case "dirname":
          output = first === undefined ? undefined : directoryOf(first);
          break;
        case "basename":
          output = args.length === 2 ? first?.replace(/^.*\//, "") : undefined;
          break;
        case "realpath":
        case "readlink":
          output = absolute(changeDirectory(cwd, first));
          break;
        case "git":
          output = command.words
            .map(word => word.text)
            .join(" ")
            .endsWith("rev-parse --show-toplevel")
            ? rootMarker
            : undefined;
          break;
        default:
          return undefined;
      }
      // `cmd 2>/dev/null || other`: the first is taken to work.
      if (output === undefined || command.connector === "||") return output;
    }
    return output;
  };
  const options: EvaluationOptions = { substitution };
  return options;
}

function directoryOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash === -1 ? (path === rootMarker ? rootMarker : ".") : slash === 0 ? "/" : path.slice(0, slash);
}
