import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fragmentLocation } from "../core/fragment.ts";
import type { Location, Source } from "../core/source.ts";
import type { DockerfileInstruction } from "./dockerfile.ts";
import { parseDockerfile } from "./dockerfile.ts";

const source = (text: string): Source => ({ path: "Dockerfile", text });
const read = (text: string) => parseDockerfile(source(text));
const one = (text: string) => read(text).model.instructions[0]!;
const slice = (text: string, at: Location) => text.slice(at.span.start, at.span.end);
const values = (instruction: DockerfileInstruction) => instruction.words.map(word => word.value);

describe("lines", () => {
  test("joins continuations, skips comment lines and empty lines in between, and keeps every place", () => {
    const text = "RUN a && \\\n# why\n\n   # more\n  b &&\\  \r\n c\nUSER x\n";
    const { model, problems } = read(text);
    expect(model.instructions.map(each => each.keyword)).toEqual(["RUN", "USER"]);
    const { body } = model.instructions[0]!;
    expect(body.text).toBe("a &&   b && c");
    expect(slice(text, fragmentLocation(body, body.text.indexOf("b"), body.text.indexOf("b") + 1))).toBe("b");
    expect(fragmentLocation(body, 7, 8).span.start).toBe(text.indexOf("b &&"));
    expect(model.comments.map(each => each.value)).toEqual([" why", " more"]);
    expect(problems).toEqual([]);
  });

  test("an escaped escape at the end of a line does not continue it", () => {
    expect(read("ENV C t\\\\\nENV D x\n").model.instructions).toHaveLength(2);
  });

  test("a continuation at the end of the file ends there", () => {
    expect(one("RUN echo \\").body.text).toBe("echo");
    expect(read("\\\nRUN x").model.instructions.map(each => each.body.text)).toEqual(["x"]);
  });

  test("BOM and CRLF belong to no value", () => {
    const text = "\uFEFFFROM a\r\nUSER b\r\n";
    const { model } = read(text);
    expect(model.instructions.map(each => each.body.text)).toEqual(["a", "b"]);
    expect(slice(text, model.instructions[1]!.at)).toBe("USER b");
  });
});

describe("directives", () => {
  test("the escape directive changes continuations and quoting", () => {
    const { model } = read("# syntax=x/y:1\n# escape = `\nFROM a `\n  AS b\nCOPY c:\\ d\\\nUSER e");
    expect(model.escape).toBe("`");
    expect(model.directives.map(each => [each.name, each.value])).toEqual([
      ["syntax", "x/y:1"],
      ["escape", "`"],
    ]);
    expect(model.instructions.map(each => each.body.text)).toEqual(["a   AS b", "c:\\ d\\", "e"]);
  });

  test("a directive after a comment, an empty line or an instruction is a comment", () => {
    for (const before of ["# hello\n", "\n", "FROM a\n"])
      expect(read(`${before}# escape=\`\nFROM b`).model.escape).toBe("\\");
  });

  test("a wrong or repeated directive is a problem", () => {
    expect(read("# escape=x\nFROM a").problems).toHaveLength(1);
    expect(read("# escape=\\\n# escape=\\\nFROM a").problems[0]!.message).toContain("twice");
  });
});

describe("words", () => {
  test("only a whole JSON array of strings is the exec form; its words stand between their quotes", () => {
    const text = 'CMD [ "sh", "-c", "echo \\"hello\\" world" ]';
    expect(one(text).form).toBe("exec");
    expect(values(one(text))).toEqual(["sh", "-c", 'echo "hello" world']);
    expect(slice(text, one(text).words[1]!.at)).toBe("-c");
    for (const shell of ["CMD ['a']", 'CMD ["a"] b', 'CMD ["a"', "CMD a [1]"])
      expect(one(shell).form).toBe("shell");
    expect(one("CMD []").form).toBe("exec");
  });

  test("a JSON array of anything else fails the build", () => {
    expect(read("FROM a\nCMD [1]").problems[0]!.message).toContain("strings only");
  });

  test("a command in shell form is split as a shell would", () => {
    expect(values(one(`CMD gunicorn --name "my app" it\\'s 'a"b'`))).toEqual([
      "gunicorn",
      "--name",
      "my app",
      "it's",
      'a"b',
    ]);
  });

  test("HEALTHCHECK keeps its type as the first word", () => {
    expect(values(one('HEALTHCHECK --interval=5s CMD ["curl", "http://x y"]'))).toEqual([
      "CMD",
      "curl",
      "http://x y",
    ]);
    expect(values(one("HEALTHCHECK NONE"))).toEqual(["NONE"]);
  });

  test("ENV splits outside quotes, COPY at blanks, USER not at all", () => {
    expect(values(one('ENV A="b c" D=e\\ f'))).toEqual(['A="b c"', "D=e\\ f"]);
    expect(values(one('COPY "a b" c'))).toEqual(['"a', 'b"', "c"]);
    expect(values(one("USER a b"))).toEqual(["a b"]);
  });

  test("flags end at the first word without dashes or at a bare --", () => {
    const text = 'COPY --from=build --chown="a:b" --link x --y /z';
    const { flags } = one(text);
    expect(flags.map(each => [each.name, each.value])).toEqual([
      ["from", "build"],
      ["chown", "a:b"],
      ["link", undefined],
    ]);
    expect(slice(text, flags[0]!.at)).toBe("--from=build");
    expect(slice(text, flags[0]!.valueAt)).toBe("build");
    expect(one("RUN -- --x").body.text).toBe("--x");
  });

  test("ONBUILD holds an instruction; a second level is a problem", () => {
    expect(one("ONBUILD COPY --from=x a b").onbuild).toMatchObject({
      keyword: "COPY",
      flags: [{ name: "from" }],
    });
    expect(read("ONBUILD ONBUILD RUN x").problems).toHaveLength(1);
  });
});

describe("heredocs", () => {
  test("bodies end at their delimiter line, in order, and the next instruction follows", () => {
    const text = "COPY <<A <<'B' /d/\none $X\nA\ntwo\nB\nRUN <<-E python3\n\tif x:\n\tE\nUSER u";
    const [copy, run, user] = read(text).model.instructions;
    expect(copy!.heredocs.map(each => [each.delimiter, each.expand, each.body.text])).toEqual([
      ["A", true, "one $X\n"],
      ["B", false, "two\n"],
    ]);
    expect(run!.heredocs[0]!.body.text).toBe("if x:\n");
    expect(run!.heredocs[0]!.body.toFile(0)).toBe(text.indexOf("if x:"));
    expect(slice(text, run!.at).endsWith("\tE")).toBe(true);
    expect(user!.keyword).toBe("USER");
  });

  test("quoted text, JSON and other instructions announce none", () => {
    for (const text of [
      'RUN "<<A"\nUSER x',
      'RUN ["<<A"]\nUSER x',
      "USER <<A\nUSER x",
      "RUN cat <<<A\nUSER x",
    ]) {
      expect(read(text).model.instructions).toHaveLength(2);
    }
  });

  test("an open heredoc is a problem, not a hang", () => {
    const { model, problems } = read("RUN <<A\nx\n");
    expect(problems[0]!.message).toContain("never closed");
    expect(model.instructions[0]!.heredocs[0]!.body.text).toBe("x\n");
  });
});

describe("hostile files", () => {
  test("large and binary files are refused", () => {
    expect(read(`FROM a\n${"x".repeat(1_000_000)}`).problems[0]!.message).toContain("too large");
    expect(read("FROM a\0").problems[0]!.message).toContain("binary");
    expect(read("# only a comment\n").problems[0]!.message).toContain("no instructions");
  });

  test("worst cases stay linear", () => {
    const n = 300_000;
    const worst = [
      "RUN \\\n".repeat(n / 6),
      `CMD ${"[".repeat(n)}`,
      `RUN ${"<<A ".repeat(n / 4)}`,
      `ENV ${"a=b ".repeat(n / 4)}`,
      `RUN ${"--x ".repeat(n / 4)}`,
      `RUN <<\${${"a:-${".repeat(n / 5)}`,
      `RUN ${" ".repeat(n)}\\ x`,
      "ONBUILD ".repeat(n / 8),
    ];
    const start = performance.now();
    for (const text of worst) read(text);
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  const pieces = fc.constantFrom(
    ..."FROM |RUN |COPY |ENV |CMD |ONBUILD |HEALTHCHECK |# escape=`\n|#|\n|\r\n|\\\n|`\n|\\|`|\"|'|[|]|,|<<A|<<-'B C'|A\n|--x=y |$|${a:-|}| |\t|\uFEFF|é|😀|a".split(
      "|",
    ),
  );
  test("never throws; every place lies in the text; fragments find their own characters", () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), parts => {
        const text = parts.join("");
        const check = (instruction: DockerfileInstruction): void => {
          const places = [
            instruction.at,
            instruction.keywordAt,
            ...instruction.words.map(word => word.at),
            ...instruction.flags.map(flag => flag.at),
          ];
          for (const { span } of places) {
            expect(span.start).toBeGreaterThanOrEqual(0);
            expect(span.end).toBeGreaterThanOrEqual(span.start);
            expect(span.end).toBeLessThanOrEqual(text.length);
          }
          for (const fragment of [instruction.body, ...instruction.heredocs.map(each => each.body)]) {
            for (let i = 0; i < fragment.text.length; i++)
              expect(text[fragment.toFile(i)]).toBe(fragment.text[i]);
          }
          if (instruction.onbuild) check(instruction.onbuild);
        };
        read(text).model.instructions.forEach(check);
      }),
      { numRuns: 400 },
    );
  });
});
