import { basename } from "../core/path.ts";
import { type Location, locate, type Source } from "../core/source.ts";
import { isPlaceholder } from "../formats/secret.ts";

/** Passwords in scripts that create accounts. */

const creating = /\bcreate_superuser\s*\(([^()]{0,400})\)/g;
const orElse = String.raw`(?:process\.env\.\w+\s*(?:\|\||\?\?)\s*)?(["'\`])([^"'\`\n$]{4,60})\1`;
const hashing = new RegExp(String.raw`\b(?:hash|hashSync)\(\s*${orElse}`, "g");
const hashingName = /\b(?:hash|hashSync)\(\s*([A-Za-z_$][\w$]*)\s*[,)]/g;

/** The password of an administrator that a script makes, where it is a literal. */
export function literalPassword(source: Source): Location | undefined {
  const { text } = source;
  if (text.includes("create_superuser")) {
    for (const match of text.matchAll(creating)) {
      const start = match.index + match[0].indexOf("(") + 1;
      const found = argument(match[1]!, start, text);
      if (found && isKnown(found.value))
        return locate(source, found.start, found.start + found.value.length + 2);
    }
  }
  if (!/seed|admin/i.test(basename(source.path)) || !/\bhash(?:Sync)?\(/.test(text)) return undefined;
  if (!/admin/i.test(text)) return undefined;
  for (const match of text.matchAll(hashing)) {
    const start = match.index + match[0].indexOf(match[1]!);
    if (isKnown(match[2]!)) return locate(source, start, match.index + match[0].length);
  }
  for (const [, name] of text.matchAll(hashingName)) {
    const declared = new RegExp(
      String.raw`\b(?:const|let|var)\s+${name!.replaceAll("$", "\\$")}\s*=\s*${orElse}`,
    ).exec(text);
    if (declared && isKnown(declared[2]!)) {
      const end = declared.index + declared[0].length;
      return locate(source, end - declared[2]!.length - 2, end);
    }
  }
  return undefined;
}

function isKnown(value: string): boolean {
  return value.length >= 3 && !isPlaceholder(value) && !/[${}]/.test(value);
}

interface Quoted {
  readonly value: string;
  /** Of the opening quote. */
  readonly start: number;
}

/** The password of a call: by keyword, by its third place, or by a name that the file gives a literal. */
function argument(inside: string, offset: number, text: string): Quoted | undefined {
  const keyword = /\bpassword\s*=\s*(?:\\?(["'])([^"'\\\n]*)\\?\1|([A-Za-z_]\w*)\s*(?:,|$))/.exec(
    inside.trimEnd(),
  );
  if (keyword?.[2] !== undefined) {
    const start = offset + keyword.index + keyword[0].lastIndexOf(keyword[2]) - 1;
    return { value: keyword[2], start };
  }
  if (keyword?.[3]) {
    const assigned = new RegExp(
      `^[ \\t]*${keyword[3]}[ \\t]*=[ \\t]*(["'])([^"'\\\\\\n]+)\\1[ \\t]*(?:#.*)?$`,
      "m",
    ).exec(text);
    return assigned
      ? { value: assigned[2]!, start: assigned.index + assigned[0].indexOf(assigned[1]!) }
      : undefined;
  }
  const third = /^\s*[^,]+,\s*[^,]+,\s*\\?(["'])([^"'\\\n]+)\\?\1/.exec(inside);
  if (!third) return undefined;
  return { value: third[2]!, start: offset + third[0].length - third[2]!.length - 2 };
}
